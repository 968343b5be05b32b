"""Calls of other services by `requests`."""

from concurrent.futures import ThreadPoolExecutor

import requests
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from .models import Line

SERVICE = settings.SERVICE


def read(request):
    answer = requests.get(f"{SERVICE}/rates", params={"of": "EUR"}, timeout=5)
    return JsonResponse(answer.json())


def sent(request):
    answer = requests.post(f"{SERVICE}/echo", json={"amount": 2, "to": "ada"}, timeout=5)
    Line.objects.create(text=answer.json()["got"]["to"])
    return JsonResponse({"status": answer.status_code, "got": answer.json()["got"]}, status=201)


def redirected(request):
    answer = requests.get(f"{SERVICE}/moved", timeout=5)
    return JsonResponse({"steps": [one.status_code for one in answer.history], "rate": answer.json()["EUR"], "last": answer.url[-6:]})


def tried_again(request):
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(3, status_forcelist=[503], backoff_factor=0)))
        return JsonResponse({"rate": session.get(f"{SERVICE}/flaky?by=requests", timeout=5).json()["EUR"]})


def refused(request):
    try:
        requests.get(f"{SERVICE}/missing", timeout=5).raise_for_status()
    except requests.HTTPError as error:
        return JsonResponse({"error": error.response.status_code, "said": error.response.text}, status=502)
    return HttpResponse("there")


def too_slow(request):
    try:
        requests.get(f"{SERVICE}/silent", timeout=0.2)
    except requests.Timeout as error:
        return HttpResponse(f"slow: {type(error).__name__}", status=504)
    return HttpResponse("quick")


def nobody(request):
    try:
        requests.get(settings.NOBODY, timeout=5)
    except requests.ConnectionError:
        return HttpResponse("nobody there", status=502)
    return HttpResponse("somebody")


def streamed(request):
    with requests.get(f"{SERVICE}/lines", stream=True, timeout=5) as answer:
        return JsonResponse([line.decode() for line in answer.iter_lines()], safe=False)


def with_a_session(request):
    with requests.Session() as session:
        session.headers["X-Key"] = "k"
        session.get(f"{SERVICE}/login", timeout=5)
        return JsonResponse({"visits": session.get(f"{SERVICE}/whoami", timeout=5).json()["cookie"]})


def in_threads(request):
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda code: requests.get(f"{SERVICE}/rate/{code}", timeout=5).json()["rate"], ["EUR", "USD", "CHF"]))
    return JsonResponse(found, safe=False)


def with_a_file(request):
    answer = requests.post(f"{SERVICE}/size", files={"paper": ("a.txt", b"content")}, data={"a": "1"}, timeout=5)
    return JsonResponse({"taken": answer.status_code})
