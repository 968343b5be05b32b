"""Celery's tasks."""

from celery import shared_task
from django.core.mail import send_mail
from django.db import transaction

from depot.models import Order


@shared_task
def send_receipt(order_id):
    order = Order.objects.select_related("customer").get(pk=order_id)
    send_mail(f"Receipt for {order.number}", "Thank you.", "depot@example.com", [order.customer.email])
    return order.number


@shared_task(bind=True, max_retries=3)
def charge(self, order_id, amount=1):
    order = Order.objects.get(pk=order_id)
    if not self.request.retries:
        order.stamp = "waiting"
        order.save()
        raise self.retry(countdown=0)
    order.state = f"paid {amount}"
    order.save()
    return "paid"


@shared_task
def cancel(order_id):
    order = Order.objects.get(pk=order_id)
    if order.state == "closed":
        raise ValueError(f"{order.number} is closed")
    order.delete()


@shared_task(bind=True, name="depot.noted")
def note(self, order_id):
    Order.objects.filter(pk=order_id).update(stamp=self.request.id)


@shared_task
def remind(state, *, text):
    with transaction.atomic():
        for order in Order.objects.filter(state=state).order_by("number"):
            order.reminder_set.create(text=text)
            transaction.on_commit(lambda pk=order.pk: send_receipt.delay(pk))
