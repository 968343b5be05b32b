"""The project's tests: one for each act, for Django's runner and for pytest."""

from django.test import TestCase, TransactionTestCase
from mysite import telemetry
from shop import acts

telemetry.install("entry")
COMMITTING = ("writes", "commits")


def runs(one):
    def test(self):
        one()

    return test


class ActTests(TestCase):
    fixtures = ("rows.json",)

    def test_page(self):
        assert self.client.get("/").content == b"welcome"


class CommittingTests(TransactionTestCase):
    pass


for one in acts.ACTS:
    setattr(CommittingTests if one.__name__ in COMMITTING else ActTests, f"test_{one.__name__}", runs(one))
