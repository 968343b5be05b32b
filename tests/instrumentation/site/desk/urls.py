from django.urls import path, register_converter

from desk import views

register_converter(views.Counted, "counted")

urlpatterns = [
    path("plain/", views.plain, name="plain"),
    path("protected/", views.protected),
    path("headers/", views.headers),
    path("counted/<counted:number>/", views.counted),
    path("form/", views.form),
    path("server-stream/", views.stream_of_the_server),
    path("lines/", views.lines),
    path("twice/", views.twice),
    path("decorated/", views.decorated),
    path("members/", views.members),
    path("fail/", views.fail),
    path("template/", views.template),
    path("worded/", views.worded),
    path("stream/", views.stream),
    path("astream/", views.astream),
    path("slow-stream/", views.slow_stream),
    path("file/<str:kind>/", views.file),
    path("closes/", views.closes),
    path("unchanged/", views.unchanged),
    path("nested/", views.nested),
    path("waiting/", views.waiting),
    path("async-form/", views.async_form),
]
