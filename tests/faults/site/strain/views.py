import hashlib
import os

from django.core import mail
from django.db import transaction
from django.http import JsonResponse

from strain.models import Item


def weighed(item):
    return item.level * 2


def rows(request):
    items = Item.objects.filter(level__lt=20).order_by("pk")
    return JsonResponse({"count": Item.objects.count(), "items": [[item.name, weighed(item)] for item in items]})


def step(number, label):
    return number + len(label)


def calls(request):
    total = 0
    for _ in range(int(request.GET["n"])):
        total = step(total, "x")
    return JsonResponse({"total": total})


def body(request):
    return JsonResponse({"size": len(request.body), "digest": hashlib.sha256(request.body).hexdigest()})


def feast(request):
    """Something of each that has a bound."""
    text = request.body.decode()
    lengths = [step(len(text * 2), text * 2) for _ in range(3)]
    levels = [weighed(item) for item in Item.objects.order_by("pk")]
    named = {"Message-ID": "<feast@example.org>"}  # else Django asks for the name of the machine, which may take seconds
    message = mail.EmailMessage(
        "A feast", "See there.", "us@example.org", ["ada@example.org"], attachments=[("menu.txt", text, "text/plain")], headers=named
    )
    return JsonResponse(
        {"lengths": lengths, "levels": levels, "low": Item.objects.filter(level__lt=9).count(), "sent": message.send(), "text": text}
    )


def fork(request):
    """A copy of the process in mid-request, which says a word and ends."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(theirs, str(step(1, "child")).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    said = os.read(ours, 100).decode()
    os.close(ours)
    return JsonResponse({"said": said, "ended": os.waitpid(child, 0)[1]})


def write(request):
    with transaction.atomic():
        item = Item.objects.create(name=request.GET["name"], level=100)
        Item.objects.filter(pk=item.pk).update(level=101)
        found = list(Item.objects.filter(name=item.name).values_list("level", flat=True))
        item.delete()
    return JsonResponse({"levels": found})
