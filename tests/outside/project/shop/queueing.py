"""Tasks that are handed over and not run: by Celery's ways, and Django's."""

from django.db import transaction
from django.http import JsonResponse

from .models import Line
from .tasks import app, count, remind, tidy


def delayed(request):
    line = Line.objects.create(text="later")
    remind.delay(line.pk)
    return JsonResponse({"line": line.pk}, status=202)


def delayed_after_the_commit(request):
    with transaction.atomic():
        line = Line.objects.create(text="after")
        transaction.on_commit(lambda: remind.delay(line_id=line.pk))
    return JsonResponse({}, status=202)


def delayed_twice(request):
    for of in ("lines", "prizes"):
        count.delay(of, by="week")
    return JsonResponse({}, status=202)


def told_by_its_id(request):
    return JsonResponse({"task": remind.delay(7).id}, status=202)


def two_tasks(request):
    remind.delay(7)
    count.delay("lines")
    return JsonResponse({}, status=202)


def asynchronously(request):
    line = Line.objects.create(text="soon")
    remind.apply_async((line.pk,), countdown=60)
    app.send_task("elsewhere.collect", kwargs={"of": "lines"})
    return JsonResponse({}, status=202)


def enqueued(request):
    line = Line.objects.create(text="tidy")
    tidy.enqueue(line.pk, deep=True)
    return JsonResponse({}, status=202)
