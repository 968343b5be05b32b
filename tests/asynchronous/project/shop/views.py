"""Asynchronous views, and one that is not."""

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect

from .models import Order, Product


async def products(request):
    found = [one.name async for one in Product.objects.filter(stock__gt=0).order_by("name")]
    return JsonResponse({"products": found})


async def order(request):
    user = await request.auser()
    if not user.is_authenticated:
        return JsonResponse({"error": "who?"}, status=403)
    product = await Product.objects.aget(name=request.POST["product"])
    made = await Order.objects.acreate(customer=user, product=product, note=request.POST.get("note", ""))
    product.stock -= 1
    await product.asave(update_fields=["stock"])
    return redirect("order-detail", pk=made.pk)


async def show(request, pk):
    found = await Order.objects.select_related("product").aget(pk=pk)
    return JsonResponse({"id": found.pk, "product": found.product.name})


async def gifts(request, pk):
    order = await Order.objects.aget(pk=pk)
    await order.gifts.aadd(await Product.objects.aget(name="Lamp"))
    return HttpResponse(status=204)


async def delete(request, pk):
    await (await Order.objects.aget(pk=pk)).adelete()
    return HttpResponse(status=204)


async def add(request, pk):
    product = await Product.objects.aget(pk=pk)
    basket = await request.session.aget("basket", "nothing")
    await request.session.aset("basket", f"{basket}, {product.name}")
    return JsonResponse({"before": basket})


async def empty(request):
    await request.session.apop("basket")
    return HttpResponse(status=204)


async def prices(request):
    async def lines():
        async for one in Product.objects.order_by("name"):
            yield f"{one.name}\n"

    return StreamingHttpResponse(lines(), content_type="text/plain")


async def health(request):
    return HttpResponse("well")


def plain(request):
    return JsonResponse({"orders": Order.objects.count()})
