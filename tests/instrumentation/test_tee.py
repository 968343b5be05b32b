"""What stands for a body's stream is seen nowhere."""

import io

from unspan_instrumentation.request.bodies import Body, Tee


def test_a_watched_stream_shows_itself_as_the_stream_that_it_is() -> None:
    """Django's page on an error shows `request.META`, and `wsgi.input` in it."""
    stream = io.BytesIO(b"x")
    assert repr(Tee(stream, Body(1, 1))) == repr(stream)
