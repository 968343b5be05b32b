"""The example's addresses."""

from django.urls import path
from greetings import views

urlpatterns = [
    path("hello/<str:name>/", views.hello, name="hello"),
    path("private/", views.private, name="private"),
    path("view/<str:name>/", views.HelloView.as_view(), name="hello-view"),
]
