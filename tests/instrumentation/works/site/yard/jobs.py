"""Tasks of Django's framework, or of the package that it came from."""

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task

from yard import stock


@task
def restock(name, count=1):
    return stock.restock(name, count)


@task(takes_context=True)
def broken(context, why):
    stock.fail(why)


@task
async def waited(name):
    return f"waited for {name}"
