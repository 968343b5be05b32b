"""File storages: what the application asked, wrote and read, on Django's own storages and on one of another make."""

import hashlib
import io
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from unspan_instrumentation import contents, storage
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated


@pytest.fixture(autouse=True)
def patched(django: None) -> None:
    for name, patch in storage.PATCHES:
        patch(import_module(name))


@pytest.fixture(params=["disk", "memory", "foreign"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A storage that holds `a.txt`, made before anything is recorded."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage

    class Foreign(Storage):
        """As those of clouds: its own `_open`, with a File that has its own methods."""

        def __init__(self) -> None:
            self.kept: dict[str, bytes] = {}

        def _save(self, name: str, content: Any) -> str:
            self.kept[name] = content.read()
            return name

        def _open(self, name: str, mode: str = "rb") -> Any:
            from django.core.files.base import File

            class Remote(File):
                def read(self, *args: Any) -> bytes:  # type: ignore[override]
                    return self.file.read(*args)

            return Remote(io.BytesIO(self.kept[name]), name)

        def exists(self, name: str) -> bool:
            return name in self.kept

        def delete(self, name: str) -> None:
            self.kept.pop(name, None)

        def size(self, name: str) -> int:
            return len(self.kept[name])

        def url(self, name: str | None) -> str:
            return f"/media/{name}"

    made: dict[str, Callable[[], Any]] = {
        "disk": lambda: FileSystemStorage(tmp_path, base_url="/media/"),
        "memory": lambda: InMemoryStorage(base_url="/media/"),
        "foreign": Foreign,
    }
    found = made[request.param]()
    found.save("a.txt", ContentFile(b"one\ntwo\n"))
    return found


def seen(records: Any, store: Any) -> list[dict[str, Any]]:
    """The records, of which the class is looked at here once and for all."""
    kinds = {"FileSystemStorage": "django.core.files.storage.filesystem", "InMemoryStorage": "django.core.files.storage.memory"}
    name = type(store).__qualname__
    found = [dict(record.attributes) | ({"failed": True} if record.failed else {}) for record in records.of(v.STORAGE)]
    assert {one.pop(v.STORAGE_CLASS) for one in found} <= {f"{kinds.get(name, __name__)}.{name}"}
    return found


def operation(what: str, name: str = "a.txt", result: Any = None, content: bytes | str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {v.STORAGE_OPERATION: what, v.STORAGE_NAME: name}
    if result is not None:
        found[v.STORAGE_RESULT] = result
    if content is not None:
        data = content.encode() if isinstance(content, str) else content
        found |= {v.STORAGE_CONTENT: content, v.STORAGE_SIZE: len(content), v.STORAGE_SHA256: hashlib.sha256(data).hexdigest()}
    return found


def by_lines(file: Any) -> list[bytes]:
    return list(iter(file.readline, b""))


READING: list[Any] = [
    pytest.param(lambda file: file.read(), id="read"),
    pytest.param(lambda file: b"".join(iter(lambda: file.read(3), b"")), id="read by threes"),
    pytest.param(lambda file: b"".join(file.chunks(2)), id="chunks"),
    pytest.param(lambda file: b"".join(file), id="iteration"),
    pytest.param(lambda file: b"".join(by_lines(file)), id="lines"),
    pytest.param(lambda file: b"".join(file.readlines()), id="readlines"),
    pytest.param(lambda file: file.read(4) + (file.seek(0), file.read())[1][4:], id="again from the beginning"),
    pytest.param(lambda file: file.read(2) + (file.seek(1), file.read())[1][1:], id="over what was read"),
]


@pytest.mark.parametrize("read", READING)
def test_reading(read: Callable[[Any], bytes], store: Any, recorded: Recording, records: Any) -> None:
    with store.open("a.txt") as file:
        assert read(file) == b"one\ntwo\n"
    assert seen(records, store) == [operation("read", content=b"one\ntwo\n")]
    assert recorded.lost == {}


def test_a_file_that_is_never_closed_is_a_record_at_the_end(store: Any, recorded: Recording, records: Any) -> None:
    file = store.open("a.txt")
    file.read(3)
    assert seen(records, store) == []
    recorded.settle()
    assert seen(records, store) == [{**operation("read"), v.STORAGE_CONTENT: Truncated("bytes", -1, b"one")}]


def test_reading_elsewhere_says_so(store: Any, recorded: Recording, records: Any) -> None:
    with store.open("a.txt") as file:
        file.read(1), file.seek(4), file.read()
    assert seen(records, store) == [{**operation("read"), v.STORAGE_CONTENT: Truncated("bytes", -1, b"o")}]


SAVING: list[Any] = [
    pytest.param(lambda files, path: files.ContentFile(b"\x00data"), b"\x00data", id="bytes"),
    pytest.param(lambda files, path: io.BytesIO(b"\x00data"), b"\x00data", id="a file that is none of Django's"),
    pytest.param(lambda files, path: files.File(path.open("rb")), b"\x00data", id="a file from disk"),
    pytest.param(lambda files, path: files.ContentFile(b""), b"", id="nothing"),
]


@pytest.mark.parametrize(("make", "content"), SAVING)
def test_saving(make: Any, content: bytes, store: Any, tmp_path: Path, recorded: Recording, records: Any) -> None:
    from django.core.files import base

    (tmp_path / "source").write_bytes(b"\x00data")
    given = make(base, tmp_path / "source")
    assert store.save("dir/b.bin", given) == "dir/b.bin"
    assert seen(records, store) == [operation("save", "dir/b.bin", "dir/b.bin", content)]
    assert storage.LINK not in vars(given)
    recorded.closed = True
    with store.open("dir/b.bin") as file:
        assert file.read() == content


def test_a_name_that_is_taken(store: Any, recorded: Recording, records: Any) -> None:
    from django.core.files.base import ContentFile

    name = store.save("a.txt", ContentFile(b"other"))
    assert name != "a.txt"
    assert seen(records, store) == [operation("save", "a.txt", name, b"other")]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        pytest.param(lambda s: s.exists("a.txt"), operation("exists", result=True), id="exists"),
        pytest.param(lambda s: s.exists("no.txt"), operation("exists", "no.txt", False), id="does not exist"),
        pytest.param(lambda s: s.size("a.txt"), operation("size", result=8), id="size"),
        pytest.param(lambda s: s.url("a.txt"), operation("url", result="/media/a.txt"), id="url"),
        pytest.param(lambda s: s.delete("a.txt"), operation("delete"), id="delete"),
    ],
)
def test_asking(act: Callable[[Any], Any], expected: dict[str, Any], store: Any, recorded: Recording, records: Any) -> None:
    act(store)
    assert seen(records, store) == [expected]


@pytest.mark.parametrize("store", ["disk"], indirect=True)
class TestOnDisk:
    def test_writing(self, store: Any, recorded: Recording, records: Any) -> None:
        with store.open("log.txt", "wb") as file:
            file.write(b"first "), file.write(b"second")
        assert seen(records, store) == [operation("write", "log.txt", content=b"first second")]

    def test_text(self, store: Any, recorded: Recording, records: Any) -> None:
        with store.open("a.txt", "r") as file:
            assert file.read() == "one\ntwo\n"
        assert seen(records, store) == [operation("read", content="one\ntwo\n")]

    def test_listing_and_paths(self, store: Any, tmp_path: Path, recorded: Recording, records: Any) -> None:
        store.listdir(""), store.path("a.txt")
        assert seen(records, store) == [operation("listdir", "", ([], ["a.txt"])), operation("path", result=str(tmp_path / "a.txt"))]

    def test_one_that_is_not_there(self, store: Any, recorded: Recording, records: Any) -> None:
        with pytest.raises(FileNotFoundError):
            store.open("no.txt")
        error = {v.EXCEPTION_TYPE: "FileNotFoundError", v.EXCEPTION_MESSAGE: "2, No such file or directory", "failed": True}
        assert seen(records, store) == [operation("read", "no.txt") | error]

    def test_an_upload_that_lies_on_disk_is_not_read(self, store: Any, recorded: Recording, records: Any) -> None:
        from django.core.files.uploadedfile import TemporaryUploadedFile

        upload = TemporaryUploadedFile("big.bin", "application/octet-stream", 3, None)
        upload.write(b"big"), upload.flush()
        store.save("big.bin", upload)
        upload.close()
        assert seen(records, store) == [{**operation("save", "big.bin", "big.bin"), v.STORAGE_CONTENT: Truncated("bytes", -1, b"")}]

    def test_a_large_content_is_cut_and_hashed(self, store: Any, recorded: Recording, records: Any) -> None:
        from django.core.files.base import ContentFile

        data = os.urandom(contents.KEPT + 5)
        store.save("large", ContentFile(data))
        expected = operation("save", "large", "large", data)
        expected[v.STORAGE_CONTENT] = Truncated("bytes", len(data), data[: contents.KEPT])
        assert seen(records, store) == [expected]

    def test_a_file_field(self, store: Any, emptied: Any, recorded: Recording, records: Any) -> None:
        from django.core.files.base import ContentFile
        from django.db.models.fields.files import FieldFile, FileField

        class Holder:
            paper = None

        field = FileField(storage=store, name="paper", upload_to="")
        field.attname = "paper"
        paper = FieldFile(Holder(), field, None)
        paper.save("p.txt", ContentFile(b"text"), save=False)
        paper.close()
        with FieldFile(Holder(), field, "p.txt").open() as file:
            assert file.read() == b"text"
        assert seen(records, store) == [operation("save", "p.txt", "p.txt", b"text"), operation("read", "p.txt", content=b"text")]

    def test_a_file_response(self, store: Any, recorded: Recording, records: Any) -> None:
        from django.http import FileResponse

        response = FileResponse(store.open("a.txt"))
        assert b"".join(response.streaming_content) == b"one\ntwo\n"
        response.close()
        assert [one for one in seen(records, store) if one[v.STORAGE_OPERATION] == "read"] == [operation("read", content=b"one\ntwo\n")]

    def test_static_files_are_no_data_of_the_request(self, store: Any, recorded: Recording, records: Any) -> None:
        from django.contrib.staticfiles.storage import StaticFilesStorage

        assert StaticFilesStorage(base_url="/static/").url("site.css") == "/static/site.css"
        assert records.of(v.STORAGE) == []

    def test_they_are_bounded(self, store: Any, recorded: Recording, records: Any) -> None:
        for _ in range(storage.MOST + 1):
            store.exists("a.txt")
        assert len(records.of(v.STORAGE)) == storage.MOST
        assert recorded.lost == {"only the first 1,000 operations on file storages of the request were recorded": 1}


@pytest.mark.parametrize("where", ["noted", "described", "opened", "linking", "written", "Opened.passed", "Saved.passed"])
def test_what_fails_in_the_recorder_does_not_reach_the_application(where: str, store: Any, recorded: Recording, monkeypatch: Any) -> None:
    from django.core.files.base import ContentFile

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(f"unspan_instrumentation.storage.{where}", broken)
    assert store.save("b.txt", ContentFile(b"text")) == "b.txt"
    with store.open("b.txt") as file:
        assert file.read() == b"text"
    assert (store.exists("b.txt"), store.size("b.txt")) == (True, 4)
    store.delete("b.txt")
    recorded.settle()
    assert recorded.lost or where.endswith("passed")
