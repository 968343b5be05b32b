"""Numbers in texts that are a time of the request."""

import pytest

from .making import START, blocks, source, trace

SECONDS = START // 1_000_000_000


@pytest.mark.parametrize(
    ("kept", "asserted"),
    [
        pytest.param(f"upload_{SECONDS}.xml", False, id="seconds in a name"),
        pytest.param(f"/tmp/upload_{SECONDS}790_37982.xml", False, id="milliseconds"),
        pytest.param(SECONDS, False, id="a number"),
        pytest.param(f"upload_{SECONDS - 86_400}.xml", True, id="yesterday's"),
        pytest.param(f"upload_{SECONDS}7.xml", True, id="more digits than a time has"),
    ],
)
def test_what_the_session_holds_is_asserted_unless_it_numbers_the_time(kept: object, asserted: bool) -> None:
    done = source(trace(session={}, session_after={"file": kept}))

    assert ('self.client.session["file"]' in blocks(done)[-1]) is asserted
