"""Views that each look at one thing of the request, or answer in one way."""

import asyncio
import io
import json
import tempfile
from functools import wraps
from pathlib import Path

from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousOperation
from django.core.files import File
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods
from shop.models import Book

counting = {}


class Counted:
    """A converter that says how often it was asked."""

    regex = "[0-9]+"
    asked = 0

    def to_python(self, value):
        Counted.asked += 1
        return int(value)

    def to_url(self, value):
        return str(value)


def counted(request, number):
    before, Counted.asked = Counted.asked, 0
    return JsonResponse({"asked": before})


def plain(request):
    return HttpResponse("plain")


@csrf_protect
def protected(request):
    return HttpResponse("protected")


@csrf_exempt
def headers(request):
    meta = {name: value for name, value in request.META.items() if name.startswith("HTTP_X_M") or name in ("SCRIPT_NAME", "QUERY_STRING")}
    return JsonResponse({
        "meta": meta, "type": type(request.META).__name__, "cookies": request.COOKIES, "path": request.path, "url": request.build_absolute_uri(),
        "reverse": reverse("plain"), "zone": timezone.get_current_timezone_name(), "language": translation.get_language(), "secure": request.is_secure(),
    })  # fmt: skip


@csrf_exempt
def form(request):
    files = [
        [field, file.name, file.size, file.content_type, type(file).__name__, len(file.read())] for field, file in request.FILES.items()
    ]
    return JsonResponse({"fields": list(request.POST.lists()), "files": files})


@csrf_exempt
def stream_of_the_server(request):
    """Reads the body where the server left it."""
    stream = request.META.get("wsgi.input") or request
    length = int(request.META.get("CONTENT_LENGTH") or -1)
    return HttpResponse(b"-".join([stream.read(3), stream.readline(length - 3) if length > 3 else stream.read()]))


@csrf_exempt
def lines(request):
    return JsonResponse({"lines": [line.decode() for line in request]})


@csrf_exempt
def twice(request):
    return JsonResponse({"body": request.body.decode(), "again": request.read().decode(), "fields": dict(request.POST)})


def shouting(view):
    @wraps(view)
    def louder(request):
        response = view(request)
        response.content = response.content.upper()
        return response

    return louder


@never_cache
@shouting
@require_http_methods(["GET"])
def decorated(request):
    return HttpResponse("decorated")


@login_required
def members(request):
    return HttpResponse("members")


def fail(request):
    if "suspicious" in request.GET:
        raise SuspiciousOperation("that is odd")
    deeper(request.GET["why"])


def deeper(why):
    raise ValueError("deep down", why)


def template(request):
    return render(request, "desk/page.html", {"name": "Ada", "books": Book.objects.all(), "number": 3})


def worded(request):
    return HttpResponse("caf\xe9", status=299, reason="Fine So Far", content_type="text/plain; charset=latin-1")


def stream(request):
    return StreamingHttpResponse(pieces())


def pieces():
    try:
        for number in range(2):
            yield f"{number}{Book.objects.get(pk=1).title}\n"
    finally:
        Book.objects.filter(title="never").exists()


def astream(request):
    async def letters():
        for number in range(2):
            book = await Book.objects.aget(pk=1)
            yield f"{number}{book.title}\n"

    return StreamingHttpResponse(letters())


def slow_stream(request):
    return StreamingHttpResponse(b"x" * 50_000 for _ in range(2_000))


def file(request, kind):
    path = Path(__file__).parent / "data.bin"
    if kind == "disk":
        return FileResponse(path.open("rb"))
    if kind == "rest":
        opened = path.open("rb")
        opened.seek(300)
        return FileResponse(opened, content_type="text/plain")
    if kind == "django":
        return FileResponse(File(path.open("rb"), name="other.bin"), as_attachment=True)
    if kind == "memory":
        return FileResponse(io.BytesIO(path.read_bytes()))
    if kind == "gone":
        handle = tempfile.TemporaryFile()  # noqa: SIM115
        handle.write(path.read_bytes())
        handle.seek(0)
        return FileResponse(handle)
    return FileResponse(io.BytesIO(b"y" * 400_000))


class Closing(io.BytesIO):
    def close(self):
        if not self.closed:
            Book.objects.filter(title="closing").exists()
        super().close()


def closes(request):
    counting["finished"] = True
    response = HttpResponse("soon closed")
    response._resource_closers.append(Closing().close)
    return response


def unchanged(request):
    return HttpResponse("x" * 100, headers={"ETag": '"the-same"'})


def nested(request):
    inner = Client(headers={"Host": "shop.example"}).get("/plain/?from=inside")
    return HttpResponse(b"inner: " + inner.content)


async def waiting(request):
    await asyncio.sleep(float(request.GET.get("seconds", "0")))
    book = await Book.objects.aget(pk=1)
    return HttpResponse(book.title)


@csrf_exempt
async def async_form(request):
    return JsonResponse({"fields": list(request.POST.lists()), "body": json.dumps(sorted(request.FILES))})
