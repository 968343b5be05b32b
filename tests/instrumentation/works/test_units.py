"""What keeps a unit of work that runs for days from growing."""

import pytest
from unspan_instrumentation import recording as recordings
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v


def test_a_recording_takes_so_many_records_and_counts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    monkeypatch.setattr(recordings, "MAX_RECORDS", 3)
    one = Recording(1, 2, lambda record: not sent.append(record))
    for _ in range(5):
        one.emit(v.TAPE, "a", 1, 2, {})
    one.end()
    assert [record.kind for record in sent] == [v.TAPE, v.TAPE, v.TAPE, v.END]
    assert sent[-1].attributes[v.RECORDED] == 4
    assert sent[-1].attributes[v.LOST] == [f"{recordings.TOO_MANY} (2 times)"]
