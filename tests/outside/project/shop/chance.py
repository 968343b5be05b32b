"""Views that leave something to chance, by every way that there is."""

import base64
import os
import random
import secrets
import string
import uuid
from random import choice, randint, sample
from uuid import uuid4

from django.core.mail import send_mail
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from .models import Coupon, Order, Prize

dice = random.SystemRandom()


def numbers(request):
    return JsonResponse(
        {"one": random.randint(1, 10**6), "two": randint(1, 10**6), "real": random.random(), "pick": random.randrange(10**6)}
    )


def drawn(request):
    prize = random.choice(list(Prize.objects.all()))
    return JsonResponse({"won": prize.name})


def drawn_of_a_query(request):
    prize = random.choice(Prize.objects.order_by("id"))
    prize.tickets += random.randint(1, 600)
    prize.save()
    return JsonResponse({"won": prize.name, "tickets": prize.tickets})


def drawn_by_name(request):
    return redirect(f"/prizes/{choice(list(Prize.objects.values_list('name', flat=True)))}/")


def shuffled(request):
    prizes = list(Prize.objects.order_by("id"))
    random.shuffle(prizes)
    return JsonResponse([prize.name for prize in prizes], safe=False)


def sampled(request):
    return JsonResponse(
        {"prizes": [prize.name for prize in sample(list(Prize.objects.all()), 2)], "numbers": random.sample(range(1, 50), 6)}
    )


def weighted(request):
    prizes = list(Prize.objects.all())
    return JsonResponse([prize.name for prize in random.choices(prizes, weights=[prize.weight for prize in prizes], k=4)], safe=False)


def generator(request):
    return JsonResponse({"pin": dice.randint(1000, 9999), "word": "".join(dice.choice("abcdef") for _ in range(6))})


def password(request):
    alphabet = string.ascii_letters + string.digits
    return JsonResponse({"password": "".join(secrets.choice(alphabet) for _ in range(10))})


def token(request):
    made = secrets.token_urlsafe(16)
    request.session["token"] = made
    send_mail("Your token", f"use {made}", "a@b.example", ["c@d.example"])
    return JsonResponse({"token": made, "bytes": base64.b64encode(os.urandom(6)).decode(), "below": secrets.randbelow(10**6)})


def string_of_django(request):
    return redirect("/verify/?code=" + get_random_string(20))


def identifiers(request):
    return JsonResponse(
        {"four": uuid.uuid4(), "by_name": uuid4().hex, "one": uuid.uuid1(), "five": uuid.uuid5(uuid.NAMESPACE_DNS, "a.example")}
    )


def slug(request):
    order = Order.objects.create(name="A b", slug=f"{slugify('A b')}-{uuid.uuid4().hex[:8]}")
    return redirect(f"/orders/{order.pk}/{order.slug}/")


def defaults(request):
    coupon = Coupon.objects.create()
    return JsonResponse({"code": coupon.code, "key": coupon.key, "pin": coupon.pin}, status=201)


def inside(request):
    from random import randint as die

    return HttpResponse(f"thrown: {die(1, 10**6)}")
