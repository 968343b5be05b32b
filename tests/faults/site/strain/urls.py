from django.urls import path

from strain import views

urlpatterns = [
    path("rows/", views.rows),
    path("calls/", views.calls),
    path("body/", views.body),
    path("feast/", views.feast),
    path("fork/", views.fork),
    path("write/", views.write),
]
