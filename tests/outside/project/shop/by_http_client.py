"""Calls of other services by `http.client`."""

import http.client
import json

from django.conf import settings
from django.http import HttpResponse, JsonResponse

HOST = settings.SERVICE.partition("://")[2]


def read(request):
    connection = http.client.HTTPConnection(HOST, timeout=5)
    connection.request("GET", "/rates?of=EUR")
    found = json.load(connection.getresponse())
    connection.close()
    return JsonResponse(found)


def twice(request):
    connection = http.client.HTTPConnection(HOST, timeout=5)
    found = []
    for code in ("EUR", "USD"):
        connection.request("GET", f"/rate/{code}")
        found.append(json.loads(connection.getresponse().read())["rate"])
    connection.close()
    return JsonResponse(found, safe=False)


def sent(request):
    connection = http.client.HTTPConnection(HOST, timeout=5)
    connection.request("POST", "/echo", json.dumps({"to": "ada"}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return JsonResponse({"status": answer.status, "got": json.load(answer)["got"], "type": answer.getheader("Content-Type")}, status=201)


def streamed(request):
    connection = http.client.HTTPConnection(HOST, timeout=5)
    connection.request("GET", "/lines")
    answer, found = connection.getresponse(), []
    while piece := answer.read(4):
        found.append(piece.decode())
    return JsonResponse("".join(found).split(), safe=False)


def nobody(request):
    connection = http.client.HTTPConnection(settings.NOBODY.partition("://")[2], timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except ConnectionRefusedError:
        return HttpResponse("nobody there", status=502)
    return HttpResponse("somebody")


def too_slow(request):
    connection = http.client.HTTPConnection(HOST, timeout=0.2)
    try:
        connection.request("GET", "/silent")
        connection.getresponse()
    except TimeoutError:
        return HttpResponse("slow", status=504)
    return HttpResponse("quick")
