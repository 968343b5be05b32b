from django.urls import path
from shop import views

urlpatterns = [path("away/", views.away), path("report/<int:repeat>/", views.report)]
