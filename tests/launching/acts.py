"""What a recording of any unit of work has to hold: one entry for each function of `shop.acts`, with what stands below its call."""

from unspan_proto import vocabulary as v

from .feature import act

ACTS = (
    act(
        "rows read", "reads",
        """
        call shop.acts.reads → None
          sql SELECT shop.Book [[1]]
          sql SELECT shop.Book [[2]]
          sql SELECT shop.Book [[2]]
          sql SELECT shop.Book [[1, 1, 'Emma', Decimal('10.50')], [2, 1, 'Persuasion', Decimal('8.00')]]
          sql SELECT [['Persuasion']]
        """,
    ),
    act(
        "rows written", "writes",
        """
        call shop.acts.writes → None
          sql INSERT shop.Note [{'text': 'first'}]
          sql INSERT shop.Note [{'text': 'second'}]
          sql UPDATE shop.Note [{'text': 'changed'}]
          sql UPDATE shop.Book [{}]
          sql UPDATE shop.Note [{'text': 'saved'}]
          sql SELECT shop.Note [['changed'], ['saved']]
          sql BEGIN
          sql DELETE shop.Note
          sql COMMIT
        """,
    ),
    act(
        "a transaction", "commits",
        """
        call shop.acts.commits → None
          sql BEGIN
          sql INSERT shop.Note [{'text': 'kept'}]
          on commit shop.acts.after_commit ran
          sql SAVEPOINT
          on commit shop.acts.never discarded
          sql ROLLBACK TO
          sql RELEASE
          sql COMMIT
          call shop.acts.after_commit → 'committed'
        """,
    ),
    act(
        "other services", "services",
        """
        call shop.acts.services → None
          http POST /rates?of=EUR b'{"amount": 2}' → 200 b'{"rate": 1.25}' by requests
          http GET /rates → 200 b'{"rate": 1.25}' by requests
          http GET /rates → 200 b'{"rate": 1.25}' by httpx
          http GET /rates → 200 b'{"rate": 1.25}' by urllib
          http GET /rates → 200 b'{"rate": 1.25}' by urllib3
          http GET /rates → 200 b'{"rate": 1.25}' by http.client
        """,
    ),
    act(
        "other services, async", "services_async",
        """
        call shop.acts.services_async → None
          call shop.acts.ask_async → None
            http GET /rates → 200 b'{"rate": 1.25}' by httpx.async
            http GET /rates → 200 b'{"rate": 1.25}' by aiohttp
        """,
    ),
    act(
        "mail", "mails",
        """
        call shop.acts.mails → None
          mail Hello to ['ada@example.com', 'bob@example.com']: ['It is here.', ['<p>It is here.</p>', 'text/html'], ['bill.txt', 'text/plain', '10.50']] sent 1
        """,
    ),
    act(
        "the cache", "caches",
        """
        call shop.acts.caches → None
          cache delete of 'rate'
          cache get of 'rate' miss
          cache set of 'rate' value 41
          cache incr of 'rate' value 42
          cache get_many of ['rate', 'none'] value {'rate': 42} hit
          cache get_or_set of 'other' value 7 miss computed
          call shop.acts.seven → 7
          cache delete_many of ['rate', 'other']
        """,
    ),
    act(
        "clock and chance", "chance",
        """
        call shop.acts.chance → None
          tape time.time in shop.acts.chance: float
          tape datetime.datetime.now in shop.acts.chance: datetime
          tape datetime.date.today in shop.acts.chance: date
          tape django.utils.timezone.now in shop.acts.chance: datetime
          tape random.randint in shop.acts.chance: int
          tape random.choice in shop.acts.chance: str
          tape uuid.uuid4 in shop.acts.chance: UUID
          tape secrets.token_hex in shop.acts.chance: str
          tape os.urandom in shop.acts.chance: bytes
        """, frozenset({v.TAPE}), only="shop.acts",
    ),
    act(
        "log records", "logs",
        """
        call shop.acts.logs → None
          log WARNING shop Emma sold for 10 {'shelf': 3}
          log ERROR shop it failed with LookupError
        """,
    ),
    act(
        "signals", "signals",
        """
        call shop.acts.signals → None
          signal shop.signals.sold of shop.models.Book {'title': 'Emma'} to ['shop.signals.note_sale']
          call shop.signals.note_sale → 'EMMA'
        """,
    ),
    act(
        "stored files", "files",
        """
        call shop.acts.files → None
          storage save notes/hello.txt holding b'hello' → 'notes/hello.txt'
          storage read notes/hello.txt holding b'hello'
          storage exists notes/hello.txt → True
          storage delete notes/hello.txt
        """,
    ),
    act(
        "programs", "programs",
        """
        call shop.acts.programs → None
          process ['/bin/echo', 'hello'] → b'hello\\n' 0
          process ['/bin/echo', 'unseen'] → None 0
        """, lost=("what went through the pipes of the program echo (stdout) was not recorded",),
    ),
    act(
        "sockets", "sockets",
        """
        call shop.acts.sockets → None
          socket tcp 127.0.0.1 sent 23
        """, lost=("data went over a socket to 127.0.0.1:PORT, and no recorded client tells of it",),
    ),
    act(
        "a pool of threads", "pool",
        """
        call shop.acts.pool → None
          call shop.acts.double → 2
          call shop.acts.double → 4
        """,
    ),
    act(
        "generators", "generators",
        """
        call shop.acts.generators → None
          call shop.acts.numbers → None
            call shop.acts.double → 2
          call shop.acts.double → 6
          call shop.acts.double → 8
          call shop.acts.gathered → [5, 6]
            call shop.acts.later → None
              call shop.acts.double → 6
        """,
    ),
    act(
        "recursion", "recursion",
        """
        call shop.acts.recursion → None
          call shop.acts.deep → 0 ×1000
        """,
    ),
    act(
        "exceptions", "exceptions",
        """
        call shop.acts.exceptions → 2
          call shop.acts.raised_again raised RuntimeError
            call shop.acts.raised raised LookupError
          call shop.acts.double → 2
        """,
    ),
    act(
        "methods", "methods",
        """
        call shop.acts.methods → None
          call shop.acts.Shelf.small
            call shop.acts.Shelf.__init__ → None
          call shop.acts.Shelf.filled → [3, 4]
            call shop.acts.Shelf.filled.<locals>.inner → 3
              call shop.acts.Shelf.room → 2
            call shop.acts.Shelf.filled.<locals>.inner → 4
              call shop.acts.Shelf.room → 2
          call shop.acts.Shelf.label → 'A'
        """,
    ),
    act(
        "a task of Celery", "celery",
        """
        call shop.acts.celery → None
          task shop.tasks.doubled [[21], {}] for celery → a trace of its own
        """,
    ),
    act(
        "a task of Django", "jobs",
        """
        call shop.acts.jobs → None
          task shop.jobs.halved [[42], {}] for django at once
            call shop.jobs.halved → 21
        """,
    ),
)  # fmt: skip
