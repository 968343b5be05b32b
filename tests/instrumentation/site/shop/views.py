"""Views that each show one thing that a recording has to get right."""

import asyncio
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from django.contrib.auth import get_user_model, login, logout
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from shop.models import Book


def index(request):
    return HttpResponse("home")


def hello(request, number):
    return JsonResponse({"double": double(number)})


def double(number):
    result = number * 2
    return result  # noqa: RET504


def regex(request, number):
    return HttpResponse(number)


class Page(View):
    def get(self, request):
        return HttpResponse("page")


@csrf_exempt
def body(request):
    return HttpResponse(len(request.body))


@csrf_exempt
def half(request):
    return HttpResponse(request.read(3))


@csrf_exempt
def unread(request):
    return HttpResponse("not read")


@csrf_exempt
def form(request):
    names = {name: file.size for name, file in request.FILES.items()}
    return JsonResponse({"fields": request.POST.dict(), "files": names})


@csrf_protect
def protected(request):
    return HttpResponse("never")


class Checked(CsrfViewMiddleware):
    """As REST framework checks requests that come with a session: the reason is raised, not answered."""

    def _reject(self, request, reason):
        return reason


@csrf_exempt
def checked(request):
    check = Checked(lambda request: None)
    check.process_request(request)
    if check.process_view(request, None, (), {}):
        raise PermissionDenied("CSRF")
    return HttpResponse("never")


def whoami(request):
    return HttpResponse(request.user.get_username())


@csrf_exempt
def log_in(request):
    login(request, get_user_model().objects.get(username="ada"), "django.contrib.auth.backends.ModelBackend")
    return HttpResponse("in")


def log_out(request):
    logout(request)
    return HttpResponse("out")


def count_visits(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(request.session["visits"])


def boom(request):
    raise ValueError("no", 1)


def missing(request):
    if request.GET.get("denied"):
        raise PermissionDenied
    raise Http404("nothing here")


def leave(request):
    raise SystemExit(3)


def template(request):
    return render(request, "shop/child.html", {"name": "Ada"})


def chunks():
    for number in range(3):
        yield f"{number}: {Book.objects.get(pk=1).title}\n"


def stream(request):
    return StreamingHttpResponse(chunks())


def astream(request):
    async def letters():
        for letter in "abc":
            await asyncio.sleep(0)
            yield letter

    return StreamingHttpResponse(letters())


def file(request):
    handle = tempfile.TemporaryFile()  # noqa: SIM115
    handle.write(b"x" * 10_000)
    handle.seek(0)
    return FileResponse(handle, filename="x.bin")


def endless(request):
    return StreamingHttpResponse(b"x" * 100_000 for _ in range(10_000))


async def asynchronous(request):
    results = await asyncio.gather(later(1), later(2))
    return JsonResponse({"results": results})


async def later(number):
    await asyncio.sleep(0.01)
    return double(number)


async def slowly(request):
    await asyncio.sleep(float(request.GET["seconds"]))
    return HttpResponse("slowly")


def cookies(request):
    response = HttpResponse(status=201, headers={"X-One": "1"})
    response.set_cookie("taste", "sweet", max_age=60, httponly=True)
    return response


def large(request, size):
    return HttpResponse(repeat("é", size))


def repeat(letter, size):
    return letter * size


def many_calls(request, number):
    return HttpResponse(sum(double(each) for each in range(number)))


def threads(request):
    found = []
    thread = threading.Thread(target=lambda: found.append(double(1)))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        found.append(pool.submit(double, 2).result())
    return JsonResponse({"found": found})


def with_models(request):
    book = Book.objects.get(pk=1)
    lazy = SimpleLazyObject(lambda: 1 / 0)
    look_at(book, Book.objects.all(), lazy, gettext_lazy("Monday"), mark_safe("<b>"), [book])
    raise_price(book)
    return HttpResponse("seen")


def look_at(book, books, lazy, text, safe, several):
    pass


def raise_price(book):
    book.price = Decimal("11.00")


def slow(request):
    time.sleep(float(request.GET.get("seconds", "0.1")))
    return HttpResponse("slow")
