"""Calls of other services by `httpx`, synchronous and asynchronous."""

import asyncio

import httpx
from django.conf import settings
from django.http import HttpResponse, JsonResponse

from .models import Line

SERVICE = settings.SERVICE


def read(request):
    return JsonResponse(httpx.get(f"{SERVICE}/rates", params={"of": "EUR"}).json())


def sent(request):
    with httpx.Client(base_url=SERVICE) as client:
        answer = client.post("/echo", json={"amount": 2, "to": "ada"})
    Line.objects.create(text=answer.json()["got"]["to"])
    return JsonResponse({"status": answer.status_code, "got": answer.json()["got"]}, status=201)


def redirected(request):
    answer = httpx.get(f"{SERVICE}/moved", follow_redirects=True)
    return JsonResponse({"steps": [one.status_code for one in answer.history], "rate": answer.json()["EUR"]})


def refused(request):
    try:
        httpx.get(f"{SERVICE}/missing").raise_for_status()
    except httpx.HTTPStatusError as error:
        return JsonResponse({"error": error.response.status_code, "said": error.response.text}, status=502)
    return HttpResponse("there")


def too_slow(request):
    try:
        httpx.get(f"{SERVICE}/silent", timeout=0.2)
    except httpx.TimeoutException as error:
        return HttpResponse(f"slow: {type(error).__name__}", status=504)
    return HttpResponse("quick")


def nobody(request):
    try:
        httpx.get(settings.NOBODY)
    except httpx.ConnectError:
        return HttpResponse("nobody there", status=502)
    return HttpResponse("somebody")


def streamed(request):
    with httpx.stream("GET", f"{SERVICE}/lines") as answer:
        return JsonResponse(list(answer.iter_lines()), safe=False)


async def asynchronous(request):
    async with httpx.AsyncClient(base_url=SERVICE) as client:
        return JsonResponse((await client.post("/echo", json={"to": "bob"})).json()["got"])


async def side_by_side(request):
    async with httpx.AsyncClient(base_url=SERVICE) as client:
        found = await asyncio.gather(*(client.get(f"/rate/{code}") for code in ("EUR", "USD", "CHF")))
    return JsonResponse([one.json()["rate"] for one in found], safe=False)


async def streamed_asynchronously(request):
    async with httpx.AsyncClient() as client, client.stream("GET", f"{SERVICE}/lines") as answer:
        return JsonResponse([line async for line in answer.aiter_lines()], safe=False)


async def too_slow_asynchronously(request):
    try:
        async with httpx.AsyncClient(timeout=0.2) as client:
            await client.get(f"{SERVICE}/silent")
    except httpx.ReadTimeout:
        return HttpResponse("slow", status=504)
    return HttpResponse("quick")
