"""What a recording of a request has to hold: one entry each, with the requests that show it and the lines that the last one's trace must have."""

from unspan_proto import vocabulary as v

from .feature import PLAIN, Feature, Step

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhi\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n'
)


EXCHANGES = (
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
        unspan.answered_by: 'django.middleware.csrf.CsrfViewMiddleware'
        """, asked=(v.ANSWERED_BY,),
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
        """, PLAIN | {v.STREAM},
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
        "another service, async", (Step("/async/ask/"),),
        """
        GET /async/ask/ → 200 b'{"rate": 1.25}' by shop.concurrency.ask
          call shop.concurrency.ask
            http GET /rates?of=EUR → 200 b'{"rate": 1.25}' by httpx.async
        """, PLAIN | {v.HTTP},
    ),
    Feature(
        "an async view", (Step("/async/"),),
        """
        GET /async/ → 200 b'{"titles": ["Emma", "Persuasion"]}' by shop.concurrency.gathered
          call shop.concurrency.gathered
            call shop.concurrency.title → 'Emma'
              sql SELECT shop.Book [[1, 1, 'Emma', Decimal('10.50')]]
            call shop.concurrency.title → 'Persuasion'
              sql SELECT shop.Book [[2, 1, 'Persuasion', Decimal('8.00')]]
        """,
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
        """,
    ),
    Feature(
        "what is shown", (Step("/books/"),),
        """
        GET /books/ → 200 b'<ul><li>Emma by Jane Austen: 10.50</li><li>Persuasion by Jane Austen: 8.00</li></ul>\\n' by shop.pages.books
        http.route: 'books/'
        unspan.http.response.templates: ['shop/books.html']
        unspan.http.response.context: [['shop/books.html', {'csrf_token': 'django.utils.functional.SimpleLazyObject', 'books': 'django.db.models.query.QuerySet'}]]
        unspan.timezone: 'Europe/Vienna'
        """, frozenset({v.REQUEST}), asked=(v.ROUTE, v.RESPONSE_TEMPLATES, v.RESPONSE_CONTEXT, v.TIMEZONE),
    ),
    Feature(
        "language and cookies", (Step("/shelf/b/?seen=1&seen=2&q=%C3%A9", headers={"Accept-Language": "de", "Cookie": "a=1; b=2"}),),
        """
        GET /shelf/b/ → 200 b'b: Ja' by shop.pages.ShelfView
          call shop.pages.ShelfView.get
        unspan.language: 'de'
        url.query: 'seen=1&seen=2&q=%C3%A9'
        unspan.http.request.cookies: {'a': '1', 'b': '2'}
        unspan.http.response.cookies: {'shelf': {'value': 'b', 'path': '/', 'httponly': True, 'samesite': 'Lax'}}
        unspan.view.arguments: [[], {'label': 'b'}]
        """, asked=(v.LANGUAGE, v.QUERY, v.REQUEST_COOKIES, v.RESPONSE_COOKIES, v.VIEW_ARGUMENTS),
    ),
    Feature(
        "raw bytes put", (Step("/shelf/b/?seen=1&seen=2", "PUT", b"\x00\xff raw", {"Content-Type": "application/octet-stream"}),),
        """
        PUT /shelf/b/ b'\\x00\\xff raw' → 200 b'{"size": 6, "seen": ["1", "2"]}' by shop.pages.ShelfView
          call shop.pages.ShelfView.put
        unspan.language: 'en'
        """, asked=(v.LANGUAGE,),
    ),
    Feature(
        "form and files", (Step("/notes/", "POST", MULTIPART, {"Content-Type": "multipart/form-data; boundary=b"}),),
        """
        POST /notes/ a long body → 201 b'{"text": "hi", "sizes": {"f": 5}}' by shop.pages.add_note
        unspan.http.request.form: [['text', 'hi']]
        unspan.http.request.files: [{'field': 'f', 'name': 'f.txt', 'content_type': 'text/plain', 'size': 5, 'sha256': '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'}]
        """, frozenset({v.REQUEST}), asked=(v.REQUEST_FORM, v.REQUEST_FILES),
    ),
    Feature(
        "refused by middleware", (Step("/books/", headers={"User-Agent": "greedy 1.0"}),),
        """
        GET /books/ → 403 a long body
        unspan.answered_by: 'django.middleware.common.CommonMiddleware'
        """, asked=(v.ANSWERED_BY,),
    ),
    Feature(
        "a head", (Step("/file/", "HEAD"),),
        """
        HEAD /file/ → 200 by shop.streams.file
          call shop.streams.file
        """,
    ),
)  # fmt: skip
