from django.urls import include, path
from yard import jobs_urls, queues, views

urlpatterns = [path("item/<str:name>/", views.item), path("command/", views.command)]
urlpatterns += [path("", include(queues)), path("", include(jobs_urls))]
