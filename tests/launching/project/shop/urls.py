from django.urls import path

from shop import concurrency, pages, streams

urlpatterns = [
    path("", pages.index),
    path("books/", pages.books),
    path("books/<int:pk>/", pages.book),
    path("notes/", pages.add_note),
    path("notes/api/", pages.add_note_json),
    path("protected/", pages.protected),
    path("login/", pages.log_in),
    path("me/", pages.me),
    path("broken/", pages.broken),
    path("stream/", streams.lines),
    path("stream/async/", streams.lines_async),
    path("stream/endless/", streams.endless),
    path("file/", streams.file),
    path("shelf/<slug:label>/", pages.ShelfView.as_view()),
    path("acts/<str:name>/", pages.act),
    path("async/", concurrency.gathered),
    path("async/ask/", concurrency.ask),
    path("threads/", concurrency.threads),
    path("hops/", concurrency.hops),
]
