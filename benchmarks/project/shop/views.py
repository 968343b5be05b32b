"""One report: 30 queries, and 10 calls of functions for each of them, or ten times that many. And one view that waits for a network database."""

from decimal import Decimal

from django.db import connections
from django.http import JsonResponse

from shop.models import Book

SHELVES = 30
ROUND_TRIPS = 31


def report(request, repeat):
    lines = [shelf_lines(shelf, repeat) for shelf in range(SHELVES)]
    return JsonResponse({"shelves": lines, "books": sum(map(len, lines))})


def browse(request, shelves):
    books = [list(Book.objects.filter(shelf=shelf).order_by("title")) for shelf in range(shelves)]
    return JsonResponse({"books": sum(map(len, books))})


def shelf_lines(shelf, repeat):
    lines = []
    for book in Book.objects.filter(shelf=shelf).order_by("title"):
        for number in range(repeat):
            lines.append(line(book, number))
    return lines


def line(book, number):
    cost = price(book, Decimal("0.07"))
    text = label(book.title, cost, number)
    return {"text": text, "cost": str(cost)}


def price(book, rate):
    net = book.price
    tax = net * rate
    discount = net / 10 if book.stock > 5 else 0
    gross = net + tax - discount
    return gross.quantize(Decimal("0.01"))


def label(title, cost, number):
    words = title.split()
    short = " ".join(words[:3])
    suffix = f"#{number}"
    return f"{short} {suffix}: {cost} EUR"


def away(request):
    with connections["away"].cursor() as cursor:
        for number in range(ROUND_TRIPS):
            cursor.execute("SELECT %s::int, pg_sleep(0.0003)", [number])
            cursor.fetchone()
    return JsonResponse({"round_trips": ROUND_TRIPS})
