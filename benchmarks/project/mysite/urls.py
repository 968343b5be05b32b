from django.urls import path
from shop import views

urlpatterns = [path("report/<int:repeat>/", views.report)]
