import hashlib
import json
import secrets

from django.contrib.auth import authenticate, get_user_model, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect

from .models import Line, Order, Product, Token


def log_in(request):
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is None:
        return HttpResponse("who?", status=403)
    login(request, user)
    return redirect("basket")


def sign_up(request):
    user = get_user_model().objects.create_user(request.POST["username"], email=request.POST["email"])
    login(request, user)
    return redirect("basket")


def add(request, pk):
    product = get_object_or_404(Product, pk=pk)
    basket = request.session.setdefault("basket", [])
    basket.append(product.pk)
    request.session["total"] = str(sum(one.price for one in Product.objects.filter(pk__in=basket)))
    return redirect("basket")


def basket(request):
    found = Product.objects.filter(pk__in=request.session.get("basket", [])).order_by("name")
    return JsonResponse({"products": [one.name for one in found], "total": request.session.get("total", "0")})


@login_required
@transaction.atomic
def order(request):
    made = Order.objects.create(customer=request.user)
    for product in Product.objects.select_for_update().filter(pk__in=request.session.pop("basket")):
        Line.objects.create(order=made, product=product)
        product.stock -= 1
        product.save(update_fields=["stock"])
    return redirect("order-detail", pk=made.pk)


@login_required
def show(request, pk):
    order = get_object_or_404(Order, pk=pk, customer=request.user)
    lines = [{"product": line.product.name, "left": line.product.stock} for line in order.lines.select_related("product").order_by("pk")]
    return JsonResponse({"id": order.pk, "paid": order.paid, "lines": lines})


@login_required
def pay(request, pk):
    order = get_object_or_404(Order, pk=pk, customer=request.user)
    order.paid = True
    order.save(update_fields=["paid"])
    return redirect("order-detail", pk=pk)


@login_required
def delete(request, pk):
    get_object_or_404(Order, pk=pk, customer=request.user).delete()
    return HttpResponse(status=204)


PEPPER = secrets.token_hex(8)


def code_of(username):
    """Another one in each process."""
    return hashlib.sha256(f"{PEPPER}{username}".encode()).hexdigest()


def invite(request):
    asked = json.loads(request.body)
    get_object_or_404(get_user_model(), username=asked["username"])
    return JsonResponse({"invite": {"code": code_of(asked["username"]), "for": asked["username"]}})


def join(request, username, code):
    if code != code_of(username):
        return HttpResponse("no such invitation", status=403)
    user = get_object_or_404(get_user_model(), username=username)
    user.first_name = "joined"
    user.save(update_fields=["first_name"])
    return JsonResponse({"joined": username})


def forgot(request):
    user = get_object_or_404(get_user_model(), username=request.POST["username"])
    link = f"http://{request.get_host()}/reset/{user.username}/{default_token_generator.make_token(user)}/"
    send_mail("Your password", f"Choose another one: {link} (today)", "shop@example.com", [user.email or "ann@example.com"])
    return HttpResponse("sent")


def reset(request, username, token):
    user = get_object_or_404(get_user_model(), username=username)
    if not default_token_generator.check_token(user, token):
        return HttpResponse("too late", status=403)
    return HttpResponse("choose a password")


def token(request):
    asked = json.loads(request.body)
    made = Token.objects.create(customer=get_user_model().objects.get(username=asked["username"]))
    return JsonResponse({"token": made.key}, status=201)


def api_orders(request):
    owner = get_object_or_404(Token, key=request.headers["Authorization"].removeprefix("Bearer ")).customer
    if request.method == "POST":
        made = Order.objects.create(customer=owner)
        return JsonResponse({"id": made.pk, "customer": owner.username}, status=201)
    return JsonResponse({"orders": [{"id": one.pk, "paid": one.paid} for one in Order.objects.filter(customer=owner).order_by("pk")]})
