from django.http import HttpResponse
from django.urls import path

from yard import jobs


def enqueued(request, job, backend):
    """`/enqueued/restock/immediate/`: hands a task over, or runs it."""
    result = getattr(jobs, job).using(backend=backend).enqueue("bolt")
    return HttpResponse(result.id)


async def awaited(request, job, backend):
    result = await getattr(jobs, job).using(backend=backend).aenqueue("bolt")
    return HttpResponse(result.id)


urlpatterns = [path("enqueued/<str:job>/<str:backend>/", enqueued), path("awaited/<str:job>/<str:backend>/", awaited)]
