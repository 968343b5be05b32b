"""Calls of other services by `aiohttp`."""

import asyncio

import aiohttp
from django.conf import settings
from django.http import HttpResponse, JsonResponse

SERVICE = settings.SERVICE


async def read(request):
    async with aiohttp.ClientSession() as session, session.get(f"{SERVICE}/rates", params={"of": "EUR"}) as answer:
        return JsonResponse(await answer.json())


async def sent(request):
    async with aiohttp.ClientSession() as session, session.post(f"{SERVICE}/echo", json={"to": "ada"}) as answer:
        return JsonResponse({"status": answer.status, "got": (await answer.json())["got"]}, status=201)


async def redirected(request):
    async with aiohttp.ClientSession() as session, session.get(f"{SERVICE}/moved") as answer:
        return JsonResponse({"steps": [one.status for one in answer.history], "rate": (await answer.json())["EUR"]})


async def refused(request):
    try:
        async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(f"{SERVICE}/missing"):
            return HttpResponse("there")
    except aiohttp.ClientResponseError as error:
        return JsonResponse({"error": error.status}, status=502)


async def too_slow(request):
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(0.2)) as session, session.get(f"{SERVICE}/silent"):
            return HttpResponse("quick")
    except TimeoutError:
        return HttpResponse("slow", status=504)


async def nobody(request):
    try:
        async with aiohttp.ClientSession() as session, session.get(settings.NOBODY):
            return HttpResponse("somebody")
    except aiohttp.ClientConnectionError:
        return HttpResponse("nobody there", status=502)


async def streamed(request):
    async with aiohttp.ClientSession() as session, session.get(f"{SERVICE}/lines") as answer:
        return JsonResponse([line.decode().strip() async for line in answer.content], safe=False)


async def side_by_side(request):
    async def rate(session, code):
        async with session.get(f"{SERVICE}/rate/{code}") as answer:
            return (await answer.json())["rate"]

    async with aiohttp.ClientSession() as session:
        return JsonResponse(await asyncio.gather(*(rate(session, code) for code in ("EUR", "USD", "CHF"))), safe=False)
