"""Files that the request found in the project's media are there in the test too, in a folder of its own."""

from typing import Any

import pytest
from unspan_inverter.events import FileUsed
from unspan_inverter.facts import Facts
from unspan_inverter.generate import planned
from unspan_inverter.plan.files import LOCAL, LONGEST, there
from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated

from .making import Happening, insert, source, trace


def used(operation: str, content: Any = None, result: Any = None, name: str = "a.txt", storage: str = LOCAL) -> FileUsed:
    return FileUsed("1", operation, storage, name, content, result)


CASES: dict[str, tuple[list[FileUsed], dict[str, bytes | str]]] = {
    "read": ([used("read", b"abc")], {"a.txt": b"abc"}),
    "read in part": ([used("read", Truncated("bytes", -1, b"ab"))], {"a.txt": b"ab"}),
    "read, but not all was kept": ([used("read", Truncated("bytes", 99, b"ab"))], {}),
    "too long for a test": ([used("read", b"x" * (LONGEST + 1))], {}),
    "measured": ([used("size", result=3)], {"a.txt": b"   "}),
    "measured, then read": ([used("size", result=3), used("read", b"abc")], {"a.txt": b"abc"}),
    "known to be there": ([used("exists", result=True)], {"a.txt": b""}),
    "known not to be there": ([used("exists", result=False)], {}),
    "saved before": ([used("save", b"abc"), used("read", b"abc")], {}),
    "deleted after": ([used("read", b"abc"), used("delete")], {"a.txt": b"abc"}),
    "of a storage elsewhere": ([used("read", b"abc", storage="cloud.Storage")], {}),
    "of no media": ([used("read", b"abc", name="/etc/hosts")], {}),
}


@pytest.mark.parametrize("name", CASES)
def test_which_files_there_were(name: str) -> None:
    happened, expected = CASES[name]

    assert there(Facts(files=tuple(happened))) == expected


def test_they_are_put_into_a_folder_of_the_test_s_own() -> None:
    read = Happening(v.STORAGE, {v.STORAGE_OPERATION: "read", v.STORAGE_CLASS: LOCAL, v.STORAGE_NAME: "a.txt", v.STORAGE_CONTENT: b"abc"})
    lines = [line.strip() for line in source(trace(read)).splitlines()]

    assert "TemporaryDirectory() as media," in lines
    assert lines[lines.index('default_storage.save("a.txt", ContentFile(b"abc"))') + 1].startswith("response = self.client.get(")
    assert planned(trace()).contexts == ()


def test_a_file_gets_the_name_that_was_asked_for_where_no_other_has_it() -> None:
    saved = Happening(
        v.STORAGE, {v.STORAGE_OPERATION: "save", v.STORAGE_CLASS: LOCAL, v.STORAGE_NAME: "a/c.png", v.STORAGE_RESULT: "a/c_isU0VV7.png"}
    )
    made = insert("shop.Book", {"id": 1, "title": "a/c_isU0VV7.png"})
    text = source(
        trace(saved, made, answer=b"see /media/a/c_isU0VV7.png", response_headers=[["Content-Type", "text/plain"]], method="POST")
    )

    assert '"see /media/a/c.png"' in text
    assert 'Book.objects.filter(title="a/c.png").exists()' in text
