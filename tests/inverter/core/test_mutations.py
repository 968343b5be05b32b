"""The small faults, each as the text that it makes of a line."""

import ast
import textwrap

import pytest
from unspan_inverter.proving.mutating import kind
from unspan_inverter.proving.warm.unspan_warm.mutations import mutated, mutations


def faulty(line: str) -> list[tuple[str, str, bool]]:
    """What each fault makes of a function with this line: its words, the line then, whether it is a query's."""
    tree = ast.parse(f"def view(request, a, b):\n{textwrap.indent(line, '    ')}\n")
    lines = frozenset(range(2, 20))
    return [(one.said, "\n".join(ast.unparse(mutated(tree, one)).splitlines()[1:]).strip(), one.query) for one in mutations(tree, lines)]


FAULTS = {
    "a == b": [("a comparison turned round", "a != b", False)],
    "a < b": [("a comparison turned round", "a >= b", False)],
    "a is b": [("a comparison turned round", "a is not b", False)],
    "a not in b": [("a comparison turned round", "a in b", False)],
    "a and b": [("`and` for `or`, or the other way round", "a or b", False)],
    "a or b": [("`and` for `or`, or the other way round", "a and b", False)],
    "not a": [("a `not` left out", "a", False)],
    "if a:\n    b": [("a condition turned round", "if not a:\n        b", False)],
    "a + b": [("another arithmetic operator", "a - b", False)],
    "a / b": [("another arithmetic operator", "a * b", False)],
    "a = 1": [("another constant for 1", "a = 2", False)],
    "a = True": [("another constant for True", "a = False", False)],
    "a = 'x'": [("another constant for 'x'", "a = 'not x'", False)],
    "return a": [("nothing returned", "return", False)],
    "return None": [],
    "a.save()": [("`a.save()` left out", "pass", False)],
    "a = ''": [],
    "a = None": [],
    "a = b": [],
    "'''A docstring.'''": [],
    "a = b.filter(x=a)": [
        ("`exclude` for `filter`", "a = b.exclude(x=a)", True),
        ("the condition x left out", "a = b.filter()", True),
    ],
    "a = b.get(x=a, y=b)": [
        ("the condition x left out", "a = b.get(y=b)", True),
        ("the condition y left out", "a = b.get(x=a)", True),
    ],
    "a = b.get(x=a)": [],
    "a = b.exclude(x=a)": [("`filter` for `exclude`", "a = b.filter(x=a)", True)],
    "a = b.order_by(a)": [("`order_by` left out", "a = b", True)],
    "a = b.distinct()": [("`distinct` left out", "a = b", True)],
    "a = b.first()": [("`last` for `first`", "a = b.last()", True)],
}  # fmt: skip


@pytest.mark.parametrize("line", FAULTS)
def test_each_fault_is_one_change_of_a_line(line: str) -> None:
    assert faulty(line) == FAULTS[line]


def test_only_the_lines_that_ran_are_tried_and_lines_stay_where_they_are() -> None:
    source = "def one(a):\n    return a == 1\n\n\ndef two(a):\n    return a == 2\n"
    tree = ast.parse(source)

    found = mutations(tree, {6})

    assert [one.line for one in found] == [6, 6, 6]
    for one in found:
        whole = mutated(tree, one)
        assert [node.lineno for node in whole.body] == [1, 5]
        assert ast.unparse(whole.body[0]) == "def one(a):\n    return a == 1"
    assert ast.unparse(tree) == ast.unparse(ast.parse(source))


TEST = """\
class ShopTests(TestCase):
    def test_it(self):
        response = self.client.post("/")

        self.assertEqual(response.status_code, 200)
        self.assertRedirects(
            response,
            reverse("done"),
        )
        self.assertContains(response, "x")
        book.refresh_from_db()
        self.assertIs(book.sold, True)
        self.assertTrue(Book.objects.filter(title="A").exists())
        self.assertEqual(mail.outbox[0].subject, "s")
        self.assertEqual(service.requests, [])
        self.assertTrue(called)
"""


def failing(line: int, error: str = "AssertionError: 1 != 2") -> str:
    return f'Traceback (most recent call last):\n  File "/p/test_it.py", line {line}, in test_it\n    …\n{error}\n'


@pytest.mark.parametrize(
    ("line", "expected"),
    [(5, "status"), (6, "redirect"), (7, "redirect"), (10, "body"), (12, "rows"), (13, "rows"), (14, "mail"), (15, "outbound"), (16, "other")],
)  # fmt: skip
def test_an_assertion_is_of_a_kind(line: int, expected: str) -> None:
    assert kind(failing(line), "/p/test_it.py", TEST) == expected


@pytest.mark.parametrize(
    "message",
    [failing(3, "ValueError: no"), "it did not end within 5 s", "", failing(3).replace("/p/test_it.py", "/p/views.py")],
    ids=["an error in the test", "an endless loop", "nothing said", "an error elsewhere"],
)
def test_what_no_assertion_says_is_an_exception(message: str) -> None:
    assert kind(message, "/p/test_it.py", TEST) == "exception"


def test_an_assertion_of_several_lines_of_message_is_one() -> None:
    assert kind(failing(5, "AssertionError: 'a' != 'b'\n- a\n+ b"), "/p/test_it.py", TEST) == "status"
