"""Fills the database and hands the tasks over that a worker is to run."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
django.setup()

from depot import jobs, tasks  # noqa: E402
from depot.models import Customer, Order  # noqa: E402

ann = Customer.objects.create(pk=41, name="Ann", email="ann@example.com")
STATES = ["open", "unpaid", "closed", "open", "late", "late", "packed", "packed", "void", "old", "older"]
orders = [Order.objects.create(pk=70 + at, customer=ann, number=f"A-{at}", state=state) for at, state in enumerate(STATES)]
tasks.send_receipt.delay(70)
tasks.charge.delay(71, amount=12)
tasks.cancel.delay(72)
tasks.note.delay(73)
tasks.remind.delay("late", text="Please pay")
jobs.ship.enqueue(76)
jobs.stamp.enqueue(order_id=77)
jobs.refuse.enqueue(78)
jobs.count.enqueue("packed")
