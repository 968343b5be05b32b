"""Middleware of every kind that has a say in an answer."""

from asgiref.sync import iscoroutinefunction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware
from shop.models import Book


@sync_and_async_middleware
def renamed_host(get_response):
    """Gives the host another name, as behind a proxy."""

    def rename(request):
        if request.META.get("HTTP_X_REAL_HOST"):
            request.META["HTTP_HOST"] = request.META["HTTP_X_REAL_HOST"]

    if iscoroutinefunction(get_response):

        async def middleware(request):
            rename(request)
            return await get_response(request)
    else:

        def middleware(request):
            rename(request)
            return get_response(request)

    return middleware


class Zone:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with timezone.override(request.GET.get("zone")):
            return self.get_response(request)


def closed(get_response):
    def middleware(request):
        if "closed" in request.GET:
            return HttpResponse("closed for today", status=503, reason="Gone Fishing")
        return get_response(request)

    return middleware


class Guard:
    """Answers for views that it has been shown, and for exceptions."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        return HttpResponse("guarded", status=403) if "guarded" in request.GET else None

    def process_exception(self, request, error):
        return HttpResponse("excused", status=409) if "excused" in request.GET else None


class Failing:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "before" in request.GET:
            raise LookupError("before the view")
        response = self.get_response(request)
        if "after" in request.GET:
            raise LookupError("after the view")
        return response


class Replacing:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        return HttpResponse("another answer", status=202) if "replaced" in request.GET else response


class Loading:
    """Asks the database on the way in and on the way out."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "loads" in request.GET:
            Book.objects.count()
        response = self.get_response(request)
        if "loads" in request.GET:
            Book.objects.count()
        return response
