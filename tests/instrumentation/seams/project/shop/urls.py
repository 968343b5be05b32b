"""Routes of every kind."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from django.views import View


def listing(request):
    pass


class Detail(View):
    pass


books = (
    [
        path("", listing, name="list"),
        path("<int:pk>/", Detail.as_view(), name="detail"),
        re_path(r"^by-isbn/(?P<isbn>[0-9-]+)/$", listing, name="isbn"),
    ],
    "books",
)
urlpatterns = [
    path("", listing),
    path("<slug:shop>/books/", include(books, namespace="shop-books")),
    *i18n_patterns(path("about/", listing, name="about")),
]
