"""Responses that come in pieces."""

import asyncio
from pathlib import Path

from django.http import FileResponse, StreamingHttpResponse

from shop.models import Book

LETTERS = b"x" * 20_000


def lines(request):
    return StreamingHttpResponse(titles())


def titles():
    for pk in (1, 2):
        yield Book.objects.get(pk=pk).title


def lines_async(request):
    return StreamingHttpResponse(titles_async())


async def titles_async():
    for pk in (1, 2):
        yield (await Book.objects.aget(pk=pk)).title


def endless(request):
    """Django gathers pieces of the other kind before it sends the first: each server gets its own."""
    return StreamingHttpResponse(letters() if hasattr(request, "scope") else (LETTERS for _ in range(100_000)))


async def letters():
    while True:
        await asyncio.sleep(0.001)
        yield LETTERS


def file(request):
    return FileResponse(Path(__file__).with_name("file.txt").open("rb"))
