"""What a test of a program is looked at for: the rows before and after the request, what the program read, how the test ended."""

import json
import os
import unittest

import journal
from django.apps import apps
from django.db.models import QuerySet
from django.test.runner import DiscoverRunner
from django.test.testcases import DatabaseOperationForbidden


def tables(lab):
    """Every row of an application: table → list of rows, attname → value; the key is under `pk` too."""
    found = {}
    for model in apps.get_app_config(lab).get_models(include_auto_created=True):
        if not model._meta.proxy:
            names = [one.attname for one in model._meta.local_concrete_fields]
            rows = QuerySet(model).order_by().values_list("pk", *names)
            found[model.__name__] = sorted(
                ([journal.frozen(pk), dict(zip(names, map(journal.frozen, row), strict=True))] for pk, *row in rows), key=repr
            )
    return found


def seen(lab):
    """Its rows, or none in a test that is to ask no database."""
    try:
        return tables(lab)
    except DatabaseOperationForbidden:
        return {}


def note(kind, *told):
    with open(os.environ["PROGRAMS_WATCHED"], "a") as file:
        file.write(json.dumps([kind, *told]) + "\n")


class Watching:
    """Middleware of test runs."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        _, lab, name, *_ = request.path.split("/")
        before = seen(lab)
        journal.TAKEN.clear()
        response = self.get_response(request)
        note("request", f"{lab}.{name}", before, seen(lab), [notes for taken in journal.TAKEN for notes in taken])
        return response


class Result(unittest.TextTestResult):
    """Writes down how each test ended, also one whose class could not be set up."""

    def addError(self, test, err):
        super().addError(test, err)
        if not isinstance(test, unittest.TestCase):
            note("test", test.id().partition("(")[2].rstrip(")"), self.errors[-1][1])

    def stopTest(self, test):
        error = next((text for one, text in [*self.errors, *self.failures] if one is test), "")
        note("test", test.id(), error)
        super().stopTest(test)


class Runner(DiscoverRunner):
    def get_resultclass(self):
        return Result if "PROGRAMS_WATCHED" in os.environ else super().get_resultclass()
