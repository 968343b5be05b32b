"""What comes from elsewhere: other services, mail, the cache, the clock and chance."""

import os
import random
import uuid

import requests
from django.core.cache import cache
from django.core.mail import send_mail
from django.http import HttpResponse, JsonResponse
from django.utils import timezone

SERVICE = os.environ.get("SHOP_SERVICE", "")


def ask(request):
    answer = requests.post(SERVICE + "/rates?of=EUR", json={"amount": 2}, timeout=10)
    return JsonResponse(answer.json())


def mail(request):
    send_mail("Hello", "It is here.", "shop@example.com", ["ada@example.com"])
    return HttpResponse("sent")


def cached(request):
    key = f"answer-{uuid.uuid4()}"
    before = cache.get(key)
    cache.set(key, 42)
    return JsonResponse({"before": before, "after": cache.get(key)})


def chance(request):
    moment, number, name = timezone.now(), random.randint(1, 6), uuid.uuid4()
    return JsonResponse({"moment": moment, "number": number, "name": name})
