from django.core.management import call_command
from django.http import HttpResponse

from yard import stock


def item(request, name):
    return HttpResponse(str(stock.restock(name, 1)))


def command(request):
    call_command("restock", "called", count=2)
    return HttpResponse("called")
