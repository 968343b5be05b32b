from django.urls import path
from shop.views import report

urlpatterns = [path("report/<int:repeat>/", report)]
