"""Tasks of Django's own framework, or of the package that it came from."""

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task

from depot.models import Order


@task
def ship(order_id, carrier="post"):
    order = Order.objects.get(pk=order_id)
    order.state = f"shipped by {carrier}"
    order.save()
    return order.state


@task(takes_context=True)
def stamp(context, order_id):
    Order.objects.filter(pk=order_id).update(stamp=f"attempt {context.attempt}")
    return "stamped"


@task(takes_context=True)
def refuse(context, order_id):
    raise ValueError(Order.objects.get(pk=order_id).number)


@task
async def count(state):
    return await Order.objects.filter(state=state).acount()
