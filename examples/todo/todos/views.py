from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from todos.forms import TodoForm
from todos.models import Todo


def todo_list(request):
    return render(request, "todos/todo_list.html", {"todos": Todo.objects.all(), "form": TodoForm()})


@require_POST
def complete(request, pk):
    todo = get_object_or_404(Todo, pk=pk)
    todo.is_completed = True
    todo.save()
    return redirect("todo-list")


@require_POST
def create(request):
    form = TodoForm(request.POST)
    if form.is_valid():
        form.save()
        return redirect("todo-list")
    return render(request, "todos/todo_list.html", {"todos": Todo.objects.all(), "form": form})
