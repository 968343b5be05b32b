"""The project's own tests, run by `manage.py test` and by pytest."""
# ruff: noqa: PT009, PT027

import unittest

from django.test import SimpleTestCase, TestCase
from yard import stock
from yard.models import Item


class ItemTests(TestCase):
    def setUp(self):
        stock.restock("set up", 5)

    def test_passing(self):
        self.assertEqual(self.client.get("/item/bolt/").content, b"1")
        self.assertEqual(self.client.get("/item/bolt/").content, b"2")
        self.assertEqual(Item.objects.get(name="set up").count, 5)

    def test_failing(self):
        self.assertEqual(stock.restock("nut", 2), 3)

    @unittest.skip("for a reason")
    def test_skipped(self):
        raise AssertionError

    @unittest.expectedFailure
    def test_expected(self):
        stock.fail("as expected")

    async def test_asynchronous(self):
        response = await self.async_client.get("/command/")
        self.assertEqual(response.content, b"called")


class CleanupTests(SimpleTestCase):
    def test_failing_late(self):
        self.addCleanup(stock.fail, "late")


class QuietTests(SimpleTestCase):
    def test_passing(self):
        self.assertTrue(stock)


class PlainTests(unittest.IsolatedAsyncioTestCase):
    async def test_in_a_loop_of_its_own(self):
        with self.assertRaises(ValueError):
            stock.fail("caught")
