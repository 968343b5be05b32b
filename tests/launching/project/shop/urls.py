from django.urls import path

from shop import concurrency, outside, pages, streams

urlpatterns = [
    path("", pages.index),
    path("books/", pages.books),
    path("books/<int:pk>/", pages.book),
    path("notes/", pages.add_note),
    path("notes/api/", pages.add_note_json),
    path("notes/undone/", pages.undone),
    path("notes/committed/", pages.committed),
    path("protected/", pages.protected),
    path("login/", pages.log_in),
    path("me/", pages.me),
    path("broken/", pages.broken),
    path("stream/", streams.lines),
    path("stream/async/", streams.lines_async),
    path("stream/endless/", streams.endless),
    path("file/", streams.file),
    path("ask/", outside.ask),
    path("mail/", outside.mail),
    path("cached/", outside.cached),
    path("chance/", outside.chance),
    path("async/", concurrency.gathered),
    path("async/ask/", concurrency.ask),
    path("threads/", concurrency.threads),
    path("hops/", concurrency.hops),
]
