"""An assertion that the recording gives and the file lacks is named, in each style, whatever else the file does."""

import pytest
from unspan_inverter.proving.asserting import assertions, unasserted

from .making import source, trace

TRACE = trace(answer=b"<p>Done</p>", response_headers=[["Content-Type", "text/html"]])
WEAKER = {
    "as generated": (lambda text: text, {"django": (), "pytest": ()}),
    "a line dropped": (
        lambda text: text.replace("        self.assertEqual(response.status_code, 200)\n", "").replace("    assert response.status_code == 200\n", ""),
        {"django": ("self.assertEqual(response.status_code, 200)",), "pytest": ("assert response.status_code == 200",)},
    ),
    "another value": (
        lambda text: text.replace('"Done"', '"Do"'),
        {"django": ("self.assertContains(response, 'Done')",), "pytest": ("assertContains(response, 'Done')",)},
    ),
    "more than there was": (
        lambda text: text + ("        self.assertTrue(response)\n" if "self" in text else "    assert response\n"),
        {"django": (), "pytest": ()},
    ),
    "laid out in another way": (lambda text: text.replace('response, "Done"', "response,\n            'Done',\n"), {"django": (), "pytest": ()}),
}  # fmt: skip


@pytest.mark.parametrize("style", ["django", "pytest"])
@pytest.mark.parametrize("name", WEAKER)
def test_what_is_not_asserted_any_more(name: str, style: str) -> None:
    change, expected = WEAKER[name]

    whole = source(TRACE, style=style)

    assert unasserted(change(whole), whole) == expected[style]


def test_one_of_two_that_are_the_same_counts() -> None:
    whole = source(TRACE, TRACE)
    less = whole[: whole.rindex("        self.assertContains")]

    assert len(list(assertions(whole))) == 4
    assert unasserted(less, whole) == ("self.assertContains(response, 'Done')",)
