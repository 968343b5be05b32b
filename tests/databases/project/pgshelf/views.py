"""One view a kind of column. Each reads, and some write."""

from django.db.backends.postgresql.psycopg_any import NumericRange
from django.http import JsonResponse

from .models import Shelf


def arrays(request):
    found = Shelf.objects.get(tags__contains=["red"])
    Shelf.objects.create(name="new", tags=[*found.tags, "new"], grid=[[9]])
    return JsonResponse({"tags": found.tags, "grid": found.grid, "days": found.days, "first": found.tags[0]})


def ranges(request):
    found = Shelf.objects.get(span__contains=3)
    bounds = [
        found.span.lower,
        found.span.upper,
        str(found.weight.lower),
        found.weight.upper,
        found.lent.upper.isoformat(),
        found.open.lower.isoformat(),
    ]
    Shelf.objects.filter(name="full").update(span=NumericRange(2, 6))
    return JsonResponse({"bounds": bounds, "empty": [one.name for one in Shelf.objects.filter(span__isempty=True)]})


def hstores(request):
    found = Shelf.objects.get(facts__colour="red")
    Shelf.objects.create(name="new", facts={**found.facts, "more": "yes"})
    return JsonResponse({"facts": found.facts, "keys": sorted(found.facts)})


def documents(request):
    found = Shelf.objects.get(data__a__0=1)
    found.data["more"] = True
    found.save()
    return JsonResponse({"data": found.data, "count": Shelf.objects.filter(data__a__1__b=None).count()})
