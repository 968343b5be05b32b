from celery import shared_task

from yard import stock


@shared_task
def restock(name, count=1):
    return stock.restock(name, count)


@shared_task
def broken(why):
    stock.fail(why)


@shared_task(bind=True, max_retries=1)
def again(self):
    if not self.request.retries:
        raise self.retry(countdown=0)
    return "the second time"


@shared_task
def hand_on(name):
    restock.apply_async((name,), queue=hand_on.request.delivery_info["routing_key"])
