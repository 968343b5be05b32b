"""What could be left out of a generated test, and the test without it: whole texts, which Python still reads."""

import ast
from textwrap import dedent

import pytest
from unspan_inverter.proving.removable import places, without

HEAD = "class ShopTests(TestCase):\n"


def case(body: str) -> str:
    return HEAD + "".join(f"    {line}\n" if line else "\n" for line in dedent(body).strip("\n").splitlines())


ACT = """
def test_list(self):
    {arrange}
    response = self.client.get("/"{more})

    self.assertEqual(response.status_code, 200)
"""


def acting(arrange: str, more: str = "") -> str:
    return case(ACT.format(arrange=arrange.replace("\n", "\n    "), more=more))


FOUND = {
    "a row and its fields": (
        acting('Book.objects.create(title="A", pages=3)'),
        [
            ("statement", '        Book.objects.create(title="A", pages=3)\n'),
            ("field", 'title="A"'),
            ("field", "pages=3"),
        ],
    ),
    "rows of a list, and their fields": (
        acting("Book.objects.bulk_create([Book(pages=1), Book(pages=2)])"),
        [
            ("statement", "        Book.objects.bulk_create([Book(pages=1), Book(pages=2)])\n"),
            ("row", "Book(pages=1)"),
            ("row", "Book(pages=2)"),
            ("field", "pages=1"),
            ("field", "pages=2"),
        ],
    ),
    "rows that a list is made over": (
        acting("Book.objects.bulk_create([Book(pages=pages) for pages in [1, 2]])"),
        [
            ("statement", "        Book.objects.bulk_create([Book(pages=pages) for pages in [1, 2]])\n"),
            ("row", "1"),
            ("row", "2"),
            ("field", "pages=pages"),
        ],
    ),
    "the parts of one value are none of a row": (
        acting("Book.objects.create(due=timedelta(days=1, hours=2))"),
        [("statement", "        Book.objects.create(due=timedelta(days=1, hours=2))\n"), ("field", "due=timedelta(days=1, hours=2)")],
    ),
    "not what is there to be left alone": (
        acting(
            "book = Book.objects.create()\n# not asked for: another tag\nother_tag = Tag.objects.create()\n"
            "other_book = Book.objects.create(pages=1)\nother_book.tags.add(other_tag)\nself.client.force_login(book.owner)"
        ),
        [
            ("statement", "        book = Book.objects.create()\n"),
            ("statement", "        self.client.force_login(book.owner)\n"),
        ],
    ),
    "headers, each and all": (
        acting("", ', headers={"X-A": "1", "X-B": "2"}'),
        [("header", 'headers={"X-A": "1", "X-B": "2"}'), ("header", '"X-A": "1"'), ("header", '"X-B": "2"')],
    ),
    "one header": (acting("", ', headers={"X-A": "1"}'), [("header", 'headers={"X-A": "1"}')]),
    "options of the request, not what it is": (
        acting("", ', data={"a": "1"}, content_type="text/plain", secure=True'),
        [("header", "secure=True")],
    ),
    "a cookie": (
        acting('self.client.cookies["theme"] = "dark"'),
        [("statement", '        self.client.cookies["theme"] = "dark"\n')],
    ),
    "what several tests share": (
        case("""
        @classmethod
        def setUpTestData(cls):
            cls.ada = User.objects.create(username="ada")

        def test_list(self):
            self.client.get("/")
        """),
        [("statement", '        cls.ada = User.objects.create(username="ada")\n'), ("field", 'username="ada"')],
    ),
    "text beyond ASCII": (
        acting('Book.objects.create(title="Zürich – ☃", pages=3)'),
        [
            ("statement", '        Book.objects.create(title="Zürich – ☃", pages=3)\n'),
            ("field", 'title="Zürich – ☃"'),
            ("field", "pages=3"),
        ],
    ),
    "nothing after the request": (case("def test_list(self):\n    self.client.get('/')\n    Book.objects.get(pk=1)"), []),
    "nothing without a request": (case("def test_list(self):\n    Book.objects.create(pages=1)"), []),
    "nothing of other functions": ("def book(**fields):\n    return Book.objects.create(pages=1, **fields)\n", []),
    "a test that is a function": (
        "def test_list(client):\n    Book.objects.create(pages=1)\n    client.get('/')\n",
        [("statement", "    Book.objects.create(pages=1)\n"), ("field", "pages=1")],
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_could_be_left_out(name: str) -> None:
    source, expected = FOUND[name]

    assert [(one.what, source[one.start : one.end]) for one in places(source)] == expected


@pytest.mark.parametrize("name", FOUND)
def test_a_test_is_python_without_any_of_it(name: str) -> None:
    source = FOUND[name][0]
    found = places(source)

    for some in [[one] for one in found] + [found, found[::2], found[1::2]]:
        ast.parse(without(source, some))


LEFT = {
    "a field goes with its comma": ('Book.objects.create(title="A", pages=3)', ['title="A"'], "Book.objects.create(pages=3)"),
    "the last field": ('Book.objects.create(title="A", pages=3)', ["pages=3"], 'Book.objects.create(title="A", )'),
    "both fields": ('Book.objects.create(title="A", pages=3)', ['title="A"', "pages=3"], "Book.objects.create()"),
    "a row with its fields": (
        "Book.objects.bulk_create([Book(pages=1), Book(pages=2)])",
        ["Book(pages=1)", "pages=1"],
        "Book.objects.bulk_create([Book(pages=2)])",
    ),
    "a field on a line of its own, with its comment": (
        'Book.objects.create(\n    title="A",  # a stand-in\n    pages=3,\n)',
        ['title="A"'],
        "Book.objects.create(pages=3)",
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left(name: str) -> None:
    arrange, parts, expected = LEFT[name]
    source = acting(arrange)
    chosen = [one for one in places(source) if source[one.start : one.end] in parts]

    assert ast.unparse(ast.parse(without(source, chosen))) == ast.unparse(ast.parse(acting(expected)))


def test_a_function_that_lost_everything_does_nothing() -> None:
    source = FOUND["what several tests share"][0]

    assert without(source, places(source)) == case("""
        @classmethod
        def setUpTestData(cls):
            pass

        def test_list(self):
            self.client.get("/")
        """)
