"""What views log."""

import logging

from django.http import HttpResponse
from django.utils import timezone

from .models import Line, Prize

logger = logging.getLogger(__name__)
audit = logging.getLogger("audit.shop")


def warned(request):
    logger.warning("The prize %s has %d tickets", Prize.objects.order_by("pk")[0].name, 0)
    logger.info("Nobody has to know.")
    return HttpResponse("ok")


def of_a_new_row(request):
    line = Line.objects.create(text="noted")
    logger.error("Line %s came late", line.pk)
    return HttpResponse("ok")


def of_two_loggers(request):
    logger.warning("First")
    audit.error("Second")
    logger.warning("Third")
    return HttpResponse("ok")


def of_an_exception(request):
    try:
        [][1]
    except IndexError:
        logger.exception("Nothing to be had")
    return HttpResponse("ok")


def of_the_time(request):
    logger.warning("It is %s", timezone.now().timestamp())
    return HttpResponse("ok")


def of_the_root(request):
    logging.warning("From the root")
    logger.critical("From a branch")
    return HttpResponse("ok")
