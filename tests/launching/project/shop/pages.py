"""Pages of forms and rows."""

import json

from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from shop import acts
from shop.models import Book, Note


def index(request):
    return HttpResponse("welcome")


def books(request):
    found = Book.objects.select_related("author").order_by("pk")
    return render(request, "shop/books.html", {"books": found})


def book(request, pk):
    found = get_object_or_404(Book, pk=pk)
    return JsonResponse({"title": found.title, "price": with_tax(found.price)})


def with_tax(price):
    return price * 2


@csrf_exempt
def add_note(request):
    sizes = {name: len(file.read()) for name, file in request.FILES.items()}
    note = Note.objects.create(text=request.POST["text"])
    return JsonResponse({"text": note.text, "sizes": sizes}, status=201)


@csrf_exempt
def add_note_json(request):
    data = json.loads(request.body)
    note = Note.objects.create(text=data["text"])
    return JsonResponse({"text": note.text}, status=201)


def protected(request):
    return HttpResponse("never")


@csrf_exempt
def log_in(request):
    login(request, get_user_model().objects.get(username="ada"))
    request.session["taste"] = "sweet"
    return HttpResponse("in")


@login_required
def me(request):
    return HttpResponse(f"{request.user.username} likes it {request.session['taste']}")


def broken(request):
    raise LookupError("it is broken")


@method_decorator(csrf_exempt, "dispatch")
class ShelfView(View):
    """A view that is a class; it answers in the language of the client, and leaves a cookie."""

    def get(self, request, label):
        response = HttpResponse(f"{label}: {gettext('Yes')}")
        response.set_cookie("shelf", label, httponly=True, samesite="Lax")
        return response

    def put(self, request, label):
        return JsonResponse({"size": len(request.body), "seen": request.GET.getlist("seen")})


def act(request, name):
    getattr(acts, name)()
    return HttpResponse(name)
