from django.urls import path
from shop import views

urlpatterns = [path("away/", views.away), path("browse/<int:shelves>/", views.browse), path("report/<int:repeat>/", views.report)]
