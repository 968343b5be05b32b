from django.urls import path

from safe import views

urlpatterns = [path(f"{name}/", view) for name, view in views.VIEWS.items()]
urlpatterns += [path("invite/<str:token>/", views.invite)]
