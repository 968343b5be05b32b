from django.urls import include, path

urlpatterns = [path("slack/", include("polls.urls"))]
