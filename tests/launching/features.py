"""What a recording has to hold: one entry each, with the requests that show it and the lines that the last one's trace must have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from .outline import outline

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhi\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n'
)
PLAIN = frozenset({v.REQUEST, v.CALL, v.SQL})


@dataclass(frozen=True)
class Step:
    """One request. With `gone` the client leaves after that many bytes."""

    path: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    gone: int = 0


@dataclass(frozen=True)
class Feature:
    """`text` is the outline of the last step's trace: of its spans of the kinds `shown` whose lines hold `only`.

    `flat` leaves out the order, and which span belongs to which: servers run asynchronous code on different threads.
    """

    name: str
    steps: tuple[Step, ...]
    text: str
    shown: frozenset[str] = PLAIN
    only: str = ""
    flat: bool = False

    def lines(self) -> list[str]:
        """The lines that the trace must have."""
        lines = dedent(self.text).strip("\n").splitlines()
        return sorted(lines) if self.flat else lines

    def found(self, trace: Sequence[Span]) -> list[str]:
        """The lines that it has."""
        lines = [line for line in outline(trace, self.shown) if self.only in line]
        return sorted(line.strip() for line in lines) if self.flat else lines

    def __repr__(self) -> str:
        return self.name


FEATURES = (
    Feature(
        "a page", (Step("/"),),
        """
        GET / → 200 b'welcome' by shop.pages.index
          call shop.pages.index
        """,
    ),
    Feature(
        "a list", (Step("/books/"),),
        """
        GET /books/ → 200 b'<ul><li>Emma by Jane Austen: 10.50</li><li>Persuasion by Jane Austen: 8.00</li></ul>\\n' by shop.pages.books
          call shop.pages.books
            sql SELECT shop.Book [[1, 1, 'Emma', Decimal('10.50'), 1, 'Jane Austen'], [2, 1, 'Persuasion', Decimal('8.00'), 1, 'Jane Austen']]
        """,
    ),
    Feature(
        "a row as JSON", (Step("/books/1/?full=1"),),
        """
        GET /books/1/ → 200 b'{"title": "Emma", "price": "21.00"}' by shop.pages.book
          call shop.pages.book
            sql SELECT shop.Book [[1, 1, 'Emma', Decimal('10.50')]]
            call shop.pages.with_tax
        """,
    ),
    Feature(
        "a form with a file", (Step("/notes/", "POST", MULTIPART, {"Content-Type": "multipart/form-data; boundary=b"}),),
        """
        POST /notes/ a long body → 201 b'{"text": "hi", "sizes": {"f": 5}}' by shop.pages.add_note
          call shop.pages.add_note
            sql INSERT shop.Note [{'text': 'hi'}]
        """,
    ),
    Feature(
        "a form", (Step("/notes/", "POST", b"text=hi", FORM),),
        """
        POST /notes/ b'text=hi' → 201 b'{"text": "hi", "sizes": {}}' by shop.pages.add_note
          call shop.pages.add_note
            sql INSERT shop.Note [{'text': 'hi'}]
        """,
    ),
    Feature(
        "JSON posted", (Step("/notes/api/", "POST", b'{"text": "hi"}', JSON),),
        """
        POST /notes/api/ b'{"text": "hi"}' → 201 b'{"text": "hi"}' by shop.pages.add_note_json
          call shop.pages.add_note_json
            sql INSERT shop.Note [{'text': 'hi'}]
        """,
    ),
    Feature(
        "a login", (Step("/login/", "POST", b""),),
        """
        POST /login/ → 200 b'in' by shop.pages.log_in
          call shop.pages.log_in
        """, frozenset({v.REQUEST, v.CALL}),
    ),
    Feature(
        "a session", (Step("/login/", "POST", b""), Step("/me/")),
        """
        GET /me/ → 200 b'ada likes it sweet' user 1 by shop.pages.me
          call shop.pages.me
        """, frozenset({v.REQUEST, v.CALL}),
    ),
    Feature(
        "refused by CSRF", (Step("/protected/", "POST", b"a=1", FORM),),
        """
        POST /protected/ b'' → 403 a long body refused by the CSRF check by shop.pages.protected
        """,
    ),
    Feature(
        "not found", (Step("/books/99/"),),
        """
        GET /books/99/ → 404 a long body django.http.response.Http404(No Book matches the given query.) by shop.pages.book
          call shop.pages.book raised django.http.response.Http404
            sql SELECT shop.Book []
        """,
    ),
    Feature(
        "no such page", (Step("/nowhere/"),),
        """
        GET /nowhere/ → 404 a long body
        """,
    ),
    Feature(
        "an error", (Step("/broken/"),),
        """
        GET /broken/ → 500 a long body LookupError(it is broken) by shop.pages.broken
          call shop.pages.broken raised LookupError
        """,
    ),
    Feature(
        "a stream", (Step("/stream/"),),
        """
        GET /stream/ → 200 by shop.streams.lines
          call shop.streams.lines
          stream b'EmmaPersuasion'
          call shop.streams.titles → None
            sql SELECT shop.Book [[1, 1, 'Emma', Decimal('10.50')]]
            sql SELECT shop.Book [[2, 1, 'Persuasion', Decimal('8.00')]]
        """, PLAIN | {v.STREAM},
    ),
    Feature(
        "an async stream", (Step("/stream/async/"),),
        """
        GET /stream/async/ → 200 by shop.streams.lines_async
        call shop.streams.lines_async
        stream b'EmmaPersuasion'
        call shop.streams.titles_async → None
        sql SELECT shop.Book [[1, 1, 'Emma', Decimal('10.50')]]
        sql SELECT shop.Book [[2, 1, 'Persuasion', Decimal('8.00')]]
        """, PLAIN | {v.STREAM}, flat=True,
    ),
    Feature(
        "a file", (Step("/file/"),),
        """
        GET /file/ → 200 by shop.streams.file
          call shop.streams.file
          stream b'a file\\nof two lines\\n'
        """, PLAIN | {v.STREAM},
    ),
    Feature(
        "a client that leaves", (Step("/stream/endless/", gone=100_000),),
        """
        GET /stream/endless/ → 200 by shop.streams.endless
          stream closed early
        """, frozenset({v.REQUEST, v.STREAM}),
    ),
    Feature(
        "another service", (Step("/ask/"),),
        """
        GET /ask/ → 200 b'{"rate": 1.25}' by shop.outside.ask
          call shop.outside.ask
            http POST /rates?of=EUR b'{"amount": 2}' → 200 b'{"rate": 1.25}'
        """, PLAIN | {v.HTTP},
    ),
    Feature(
        "another service, async", (Step("/async/ask/"),),
        """
        GET /async/ask/ → 200 b'{"rate": 1.25}' by shop.concurrency.ask
        call shop.concurrency.ask
        http GET /rates?of=EUR → 200 b'{"rate": 1.25}'
        """, PLAIN | {v.HTTP}, flat=True,
    ),
    Feature(
        "mail", (Step("/mail/"),),
        """
        GET /mail/ → 200 b'sent' by shop.outside.mail
          call shop.outside.mail
            mail Hello to ada@example.com
        """, PLAIN | {v.MAIL},
    ),
    Feature(
        "the cache", (Step("/cached/"),),
        """
        cache get None miss
        cache set 42
        cache get 42 hit
        """, frozenset({v.CACHE}),
    ),
    Feature(
        "after commit", (Step("/notes/committed/"),),
        """
        GET /notes/committed/ → 200 b'done' by shop.pages.committed
          call shop.pages.committed
            sql BEGIN
            sql INSERT shop.Note [{'text': 'kept'}]
            on commit shop.pages.after_commit
            sql COMMIT
            call shop.pages.after_commit → 0
              sql SELECT shop.Note [[0]]
        """, PLAIN | {v.ON_COMMIT},
    ),
    Feature(
        "rolled back", (Step("/notes/undone/"),),
        """
        GET /notes/undone/ → 200 b'undone' by shop.pages.undone
          call shop.pages.undone
            sql BEGIN
            sql INSERT shop.Note [{'text': 'undone'}]
            sql ROLLBACK
        """,
    ),
    Feature(
        "clock and chance", (Step("/chance/"),),
        """
        tape django.utils.timezone.now in shop.outside.chance: datetime
        tape random.randint in shop.outside.chance: int
        tape uuid.uuid4 in shop.outside.chance: UUID
        """, frozenset({v.TAPE}), "in shop.",
    ),
    Feature(
        "an async view", (Step("/async/"),),
        """
        GET /async/ → 200 b'{"titles": ["Emma", "Persuasion"]}' by shop.concurrency.gathered
        call shop.concurrency.gathered
        call shop.concurrency.title → 'Emma'
        call shop.concurrency.title → 'Persuasion'
        sql SELECT shop.Book [[1, 1, 'Emma', Decimal('10.50')]]
        sql SELECT shop.Book [[2, 1, 'Persuasion', Decimal('8.00')]]
        """, flat=True,
    ),
    Feature(
        "threads", (Step("/threads/"),),
        """
        GET /threads/ → 200 b'{"titles": ["Emma", "Persuasion"]}' by shop.concurrency.threads
          call shop.concurrency.threads
            call shop.concurrency.look_up → None
              sql SELECT shop.Book [[1, 1, 'Emma', Decimal('10.50')]]
            call shop.concurrency.look_up → None
              sql SELECT shop.Book [[2, 1, 'Persuasion', Decimal('8.00')]]
        """,
    ),
    Feature(
        "sync_to_async", (Step("/hops/"),),
        """
        GET /hops/ → 200 b'2' by shop.concurrency.hops
        call shop.concurrency.hops
        call shop.concurrency.count → 2
        sql SELECT shop.Book [[2]]
        """, flat=True,
    ),
)  # fmt: skip
