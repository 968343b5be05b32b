"""Views that greet: a function, one behind a login, and a class."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.generic import TemplateView

from greetings.phrases import greeting


def hello(request: HttpRequest, name: str) -> HttpResponse:
    if name == "Waldo":
        raise Http404("Where's Waldo?")
    return HttpResponse(greeting(name))


@login_required
def private(request: HttpRequest) -> HttpResponse:
    return HttpResponse(greeting(request.user.get_username(), mark="."))


class HelloView(TemplateView):
    template_name = "greetings/hello.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(greeting=greeting(self.kwargs["name"]), **kwargs)
