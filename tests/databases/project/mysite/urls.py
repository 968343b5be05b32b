"""One path a view, named as the view."""

from django.conf import settings
from django.urls import path
from shelf import views

MODULES = [views]
if settings.POSTGRESQL:
    from pgshelf import views as pgviews

    MODULES.append(pgviews)
urlpatterns = [
    path(f"{module.__name__.partition('.')[0]}/{name}/", view, name=name)
    for module in MODULES
    for name, view in vars(module).items()
    if getattr(view, "__module__", "") == module.__name__
]
