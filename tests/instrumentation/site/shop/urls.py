from django.urls import path, re_path

from shop import views

urlpatterns = [
    path("", views.index),
    path("hello/<int:number>/", views.hello, name="hello"),
    path("class/", views.Page.as_view()),
    path("body/", views.body),
    path("half/", views.half),
    path("unread/", views.unread),
    path("form/", views.form),
    path("csrf/", views.protected),
    path("whoami/", views.whoami),
    path("login/", views.log_in),
    path("logout/", views.log_out),
    path("count/", views.count_visits),
    path("boom/", views.boom),
    path("missing/", views.missing),
    path("exit/", views.leave),
    path("template/", views.template),
    path("stream/", views.stream),
    path("astream/", views.astream),
    path("file/", views.file),
    path("endless/", views.endless),
    path("async/", views.asynchronous),
    path("cookies/", views.cookies),
    path("large/<int:size>/", views.large),
    path("calls/<int:number>/", views.many_calls),
    path("threads/", views.threads),
    path("models/", views.with_models),
    path("slow/", views.slow),
    re_path(r"^regex/(\d+)/$", views.regex),
]
