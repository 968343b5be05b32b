from django.http import HttpResponse
from django.urls import path

from yard import tasks


def queued(request, task, queue):
    """`/queued/restock/solo/?bolt`: hands a task over."""
    given = (request.META["QUERY_STRING"],) if request.META["QUERY_STRING"] else ()
    result = getattr(tasks, task).apply_async(given, queue=queue)
    return HttpResponse(result.id)


def eager(request):
    result = tasks.restock.apply(("eager",), {"count": 3})
    return HttpResponse(str(result.get()))


urlpatterns = [path("queued/<str:task>/<str:queue>/", queued), path("eager/", eager)]
