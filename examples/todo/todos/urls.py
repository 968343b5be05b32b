from django.urls import path

from todos import views

urlpatterns = [
    path("", views.todo_list, name="todo-list"),
    path("complete/<int:pk>/", views.complete, name="todo-complete"),
    path("create/", views.create, name="todo-create"),
]
