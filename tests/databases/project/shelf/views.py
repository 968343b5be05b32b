"""One view a feature. Each reads, and some write."""

import django
from django.db import IntegrityError, transaction
from django.http import JsonResponse

from .models import Author, Book, Letter, Note, Parcel, Sign
from .words import Words


def one_book(request):
    book = Book.objects.select_related("author").get(title="Emma")
    return JsonResponse({"title": book.title, "author": book.author.name, "printed": book.printed.isoformat()})


def further_author(request):
    """Keys are in the answer: rows with literal keys, and a row that gets the next."""
    keys = list(Author.objects.order_by("name").values_list("pk", flat=True))
    Author.objects.create(name="Cy")
    return JsonResponse({"keys": keys})


def refused_author(request):
    try:
        with transaction.atomic():
            Author.objects.create(name="Ann")
    except IntegrityError:
        return JsonResponse({"detail": "there is one"}, status=409)
    return JsonResponse({}, status=201)


def renamed_author(request):
    try:
        with transaction.atomic():
            Author.objects.filter(name="Bob").update(name="Ann")
    except IntegrityError:
        return JsonResponse({"detail": "there is one"}, status=409)
    return JsonResponse({})


def emoji(request):
    Author.objects.filter(name="Bob").update(name="Bob 🎨")
    return JsonResponse({"names": sorted(author.name for author in Author.objects.all())})


def books_of_both(request):
    """The same key in two databases."""
    here, there = (list(Book.objects.using(alias).filter(pages__lt=9).values_list("title", "pages")) for alias in ("default", "archive"))
    return JsonResponse({"here": here, "there": there})


def archived_book(request):
    """Out of one database into the other."""
    book = Book.objects.get(title="Emma")
    Book.objects.using("archive").create(title=book.title, author=Author.objects.using("archive").get(name="Old Ann"), pages=book.pages)
    book.delete()
    return JsonResponse({"there": Book.objects.using("archive").count()})


def not_archived(request):
    """What is rolled back in one database stays in the other."""
    try:
        with transaction.atomic(using="archive"):
            Letter.objects.create(text="lost")
            Book.objects.filter(title="Emma").update(pages=8)
            raise ValueError
    except ValueError:
        pass
    return JsonResponse({"letters": Letter.objects.count()})


def routed(request):
    letter = Letter.objects.create(text="Dear Bob")
    return JsonResponse({"letters": [one.text for one in Letter.objects.order_by("text")], "new": letter.text})


def parcels(request):
    inner = Parcel.objects.select_related("inside").get(label="inner")
    new = Parcel.objects.create(label="innermost", inside=inner)
    return JsonResponse({"inside": inner.inside.label, "outer": str(inner.inside_id), "new": str(new.pk)})


def notes(request):
    """Generic foreign keys, to a row with a number and to one with a UUID."""
    found = [[note.text, type(note.about).__name__, str(note.about.pk)] for note in Note.objects.order_by("text")]
    Note.objects.create(text="another", about=Author.objects.get(name="Bob"))
    return JsonResponse({"notes": found})


def signs(request):
    """Values that the field makes objects of: read, written anew and changed."""
    found = [[str(sign.words), sign.small and sign.small.data] for sign in Sign.objects.order_by("place")]
    Sign.objects.create(place="wall", words=Words({"en": "Wet paint"}))
    door = Sign.objects.get(place="door")
    door.words = Words({**door.words.data, "en": "Do not pull"})
    door.save()
    return JsonResponse({"signs": found})


if django.VERSION >= (5, 2):
    from .models import Line

    def lines(request):
        line = Line.objects.get(pk=(1, 2))
        return JsonResponse({"what": line.what, "lines": [one.pk for one in Line.objects.filter(bill=1).order_by("place")]})

    def written_lines(request):
        Line.objects.filter(pk=(1, 1)).update(what="green tea")
        Line.objects.get(pk=(2, 1)).delete()
        Line.objects.create(bill=3, place=1, what="bread", price="2.25")
        return JsonResponse({"lines": Line.objects.count()})
