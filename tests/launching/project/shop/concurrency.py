"""Views that do several things at a time, or elsewhere."""

import asyncio
import os
import threading

import httpx
from asgiref.sync import sync_to_async
from django.http import HttpResponse, JsonResponse

from shop.models import Book

SERVICE = os.environ.get("SHOP_SERVICE", "")


async def gathered(request):
    found = await asyncio.gather(title(1), title(2))
    return JsonResponse({"titles": found})


async def title(pk):
    book = await Book.objects.aget(pk=pk)
    return book.title


async def ask(request):
    async with httpx.AsyncClient() as client:
        answer = await client.get(SERVICE + "/rates?of=EUR")
    return JsonResponse(answer.json())


def threads(request):
    found = []
    for pk in (1, 2):
        thread = threading.Thread(target=look_up, args=(pk, found))
        thread.start()
        thread.join()
    return JsonResponse({"titles": found})


def look_up(pk, found):
    from django.db import connection

    found.append(Book.objects.get(pk=pk).title)
    connection.close()


async def hops(request):
    return HttpResponse(await sync_to_async(count)())


def count():
    return Book.objects.count()
