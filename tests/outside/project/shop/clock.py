"""Views that ask for the time, by every way that there is."""

import datetime
import datetime as dt
import time
from datetime import date, timedelta
from datetime import datetime as moment_of
from time import time as unix_time

from django.core import signing
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.timezone import localdate, now

from .models import Coupon, Line, Order
from .ticking import Ticker, later


def zoned(request):
    return JsonResponse({"now": timezone.now()})


def by_module(request):
    return JsonResponse({"now": datetime.datetime.now().isoformat(), "year": datetime.date.today().year})


def in_utc(request):
    return JsonResponse({"now": dt.datetime.now(dt.timezone.utc), "midnight": dt.datetime.combine(dt.date.today(), dt.time.min)})


def by_name(request):
    moment, today = moment_of.now(), date.today()
    known = isinstance(moment, moment_of) and isinstance(today, date)
    return JsonResponse({"moment": moment, "today": today, "known": known, "unix": int(unix_time()), "other": date(2020, 1, 1)})


def function_by_name(request):
    line = Line.objects.create(text="at", at=now())
    return JsonResponse({"at": line.at, "later": line.at + timedelta(days=7)})


def stamps(request):
    return JsonResponse({"seconds": time.time(), "nanoseconds": time.time_ns() // 10**9, "text": time.strftime("%Y-%m-%d %H:%M:%S")})


def measured(request):
    began = time.monotonic()
    return JsonResponse({"quick": time.monotonic() - began < 10})


def days(request):
    Order.objects.create(name="Today", due=localdate())
    return JsonResponse({"today": localdate().isoformat(), "tomorrow": str(timezone.localdate() + timedelta(days=1))})


def hour(request):
    found = timezone.localtime().hour
    return HttpResponse(f"Good {'morning' if found < 12 else 'day'} at {found}")


def expiring(request):
    coupon = get_object_or_404(Coupon, code=request.GET["code"])
    if coupon.expired:
        return JsonResponse({"error": "expired"}, status=410)
    coupon.save()
    return JsonResponse({"ok": coupon.code})


def recent(request):
    start = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return JsonResponse({"start": start.isoformat(), "count": Line.objects.filter(at__gte=start).count()})


def defaults(request):
    order = Order.objects.create(name="New")
    return JsonResponse({"placed": order.placed, "name": order.name}, status=201)


def kept(request):
    return JsonResponse({"tick": Ticker().read(), "later": later(3).date().isoformat()})


def signed(request):
    return JsonResponse({"signed": signing.TimestampSigner().sign("x"), "dumped": signing.dumps({"a": 1})})


def page(request):
    return render(request, "page.html", {"title": "Prizes", "year": moment_of.today().year})


async def asynchronous(request):
    line = await Line.objects.acreate(text="async", at=timezone.now())
    return JsonResponse({"at": line.at, "today": date.today()})
