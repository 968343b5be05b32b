"""Calls of other services by `urllib.request`."""

import json
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.http import HttpResponse, JsonResponse

SERVICE = settings.SERVICE


def read(request):
    with urlopen(f"{SERVICE}/rates?of=EUR", timeout=5) as answer:
        return JsonResponse(json.load(answer))


def sent(request):
    asked = Request(f"{SERVICE}/echo", data=b'{"to": "ada"}', headers={"Content-Type": "application/json"})
    with urlopen(asked, timeout=5) as answer:
        return JsonResponse({"status": answer.status, "got": json.load(answer)["got"]}, status=201)


def redirected(request):
    with urlopen(f"{SERVICE}/moved", timeout=5) as answer:
        return JsonResponse({"last": answer.url[-6:], "rate": json.load(answer)["EUR"]})


def refused(request):
    try:
        urlopen(f"{SERVICE}/missing", timeout=5)
    except HTTPError as error:
        return JsonResponse({"error": error.code, "said": error.read().decode()}, status=502)
    return HttpResponse("there")


def too_slow(request):
    try:
        urlopen(f"{SERVICE}/silent", timeout=0.2)
    except TimeoutError:
        return HttpResponse("slow", status=504)
    return HttpResponse("quick")


def nobody(request):
    try:
        urlopen(settings.NOBODY, timeout=5)
    except URLError as error:
        return HttpResponse(f"nobody: {type(error.reason).__name__}", status=502)
    return HttpResponse("somebody")


def streamed(request):
    with urlopen(f"{SERVICE}/lines", timeout=5) as answer:
        return JsonResponse([line.decode().strip() for line in answer], safe=False)
