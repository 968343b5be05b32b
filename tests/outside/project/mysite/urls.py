"""One path a view, named as the view."""

from django.urls import path
from shop import by_aiohttp, by_botocore, by_http_client, by_httpx, by_requests, by_urllib, by_urllib3, chance, clock, journal, queueing

MODULES = (clock, chance, by_requests, by_httpx, by_urllib, by_urllib3, by_http_client, by_aiohttp, by_botocore, journal, queueing)


def paths(module):
    folder = module.__name__.rpartition(".")[2].removeprefix("by_")
    for name, view in vars(module).items():
        if (
            getattr(view, "__module__", "") == module.__name__
            and getattr(view, "__code__", None)
            and view.__code__.co_varnames[:1] == ("request",)
        ):
            yield path(f"{folder}/{name}/", view, name=f"{folder}_{name}")


urlpatterns = [one for module in MODULES for one in paths(module)]
