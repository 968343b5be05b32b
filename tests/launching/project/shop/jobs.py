"""Tasks of Django's framework, or of the package that it came from."""

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task


@task
def halved(number):
    return number // 2
