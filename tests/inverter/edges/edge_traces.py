"""Traces made by hand, and a real gRPC server that serves them as the read API says. Imported by the tests of this folder."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from unspan_proto import values
from unspan_proto import vocabulary as v
from unspan_proto.project import Project, as_plain
from unspan_proto.readapi.traces_pb2 import Chunk, DeleteReply, DeleteRequest, GetRequest, ListReply, ListRequest, Summary
from unspan_proto.readapi.traces_pb2_grpc import TracesServicer, add_TracesServicer_to_server

START = 1_700_000_000_000_000_000
TRACE = "4f1c0000000000000000000000000001"
PROJECT = "9a0b0000000000000000000000000002"
MILLISECOND = 1_000_000


def otlp(trace_id: str, spans: list[dict[str, Any]]) -> TracesData:
    """Spans from dicts: `id`, `parent`, `name`, `at` and `took` in milliseconds, `kind`, and attributes by their names in the vocabulary."""
    data = TracesData()
    batch = data.resource_spans.add()
    batch.resource.attributes.add(key="service.name").value.string_value = "todo"
    group = batch.scope_spans.add(schema_url=v.SCHEMA_URL)
    group.scope.name = v.SCOPE
    for number, one in enumerate(spans, 1):
        span = group.spans.add(name=one.get("name", ""), trace_id=bytes.fromhex(trace_id), span_id=one.get("id", number).to_bytes(8, "big"))
        span.parent_span_id = one["parent"].to_bytes(8, "big") if one.get("parent") else b""
        span.start_time_unix_nano = START + one.get("at", number) * MILLISECOND
        span.end_time_unix_nano = span.start_time_unix_nano + one.get("took", 1) * MILLISECOND
        for key, value in {v.KIND: one["kind"], **one.get("attributes", {})}.items():
            put(span.attributes.add(key=key).value, values.encode(value) if key in v.ENCODED else value)
        for trace, linked in one.get("links", ()):
            span.links.add(trace_id=bytes.fromhex(trace), span_id=linked.to_bytes(8, "big"))
    return data


def put(slot: Any, value: object) -> None:
    if isinstance(value, bool):
        slot.bool_value = value
    elif isinstance(value, int):
        slot.int_value = value
    else:
        slot.string_value = value


def completing_a_todo() -> TracesData:
    """The article's second request, as the recorder describes it."""
    return otlp(TRACE, [
        {"kind": v.REQUEST, "name": "POST complete/<int:pk>/", "at": 0, "took": 41, "attributes": {
            v.METHOD: "POST", v.PATH: "/complete/50/", v.QUERY: "from=list", v.STATUS: 302, v.ROUTE: "complete/<int:pk>/", v.VIEW: "todo.views.complete",
            v.VIEW_ARGUMENTS: [[], {"pk": 50}], v.REQUEST_HEADERS: [["Content-Type", "application/x-www-form-urlencoded"]],
            v.REQUEST_BODY: b"note=done%21", v.RESPONSE_HEADERS: [["Location", "/"]], v.RESPONSE_BODY: b"", v.PROJECT_REF: PROJECT, v.FORMAT: 1,
            v.USER: values.ModelRef("auth.User", 7, {"username": "ada"})}},
        {"kind": v.CALL, "parent": 1, "at": 2, "took": 30, "attributes": {
            v.FUNCTION: "todo.views.complete", v.ARGUMENTS: {"request": values.Opaque("django.core.handlers.wsgi.WSGIRequest"), "pk": 50},
            v.LOCALS: {"todo": values.ModelRef("todo.Todo", 50)}, v.RETURN: values.Opaque("django.http.HttpResponseRedirect")}},
        {"kind": v.SQL, "parent": 2, "at": 3, "attributes": {
            v.STATEMENT: 'SELECT "todo_todo"."id",\n "todo_todo"."title" FROM "todo_todo" WHERE "todo_todo"."id" = %s', v.PARAMETERS: (50,),
            v.COLUMNS: [["todo.Todo", "id", None], ["todo.Todo", "title", None]], v.ROWS: [[50, "Give a talk"]], v.DATABASE: "default"}},
        {"kind": v.HTTP, "parent": 2, "at": 5, "took": 12, "attributes": {
            v.METHOD: "POST", v.URL: "https://chat.example/post", v.STATUS: 200, v.HTTP_RESPONSE_BODY: b'{"ok": true}',
            v.HTTP_RESPONSE_HEADERS: [["Content-Type", "application/json"]]}},
        {"kind": v.TAPE, "parent": 2, "at": 18, "attributes": {v.SOURCE: "uuid.uuid4", v.VALUE: "c0ffee"}},
        {"kind": v.SQL, "parent": 2, "at": 20, "attributes": {
            v.STATEMENT: 'UPDATE "todo_todo" SET "is_completed" = %s WHERE "todo_todo"."id" = %s', v.PARAMETERS: [True, 50], v.MODEL: "todo.Todo",
            v.WRITTEN: {"is_completed": True}, v.DATABASE: "audit"}},
        {"kind": v.MAIL, "parent": 2, "at": 22, "attributes": {v.MESSAGE: {"subject": "Done", "to": ["ada@example.org"]}}},
        {"kind": v.CACHE, "parent": 2, "at": 24, "attributes": {v.CACHE_OPERATION: "get", v.CACHE_KEY: "count", v.CACHE_HIT: False}},
        {"kind": v.END, "parent": 1, "at": 41, "attributes": {v.RECORDED: 8, v.LOST: []}},
    ])  # fmt: skip


def project() -> TracesData:
    """The description of a project without models."""
    described = Project(
        format=1,
        django="5.2",
        python="3.12",
        settings_module="todo.settings",
        root="/srv",
        settings={},
        databases={},
        packages={},
        models=(),
        routes=(),
    )
    return otlp(PROJECT, [{"kind": v.PROJECT, "name": "project", "attributes": {v.DESCRIPTION: as_plain(described), v.FORMAT: 1}}])


def summary(trace_id: str = TRACE, **more: Any) -> Summary:
    return Summary(**{
        "trace_id": trace_id, "started_unix_nano": START, "duration_nano": 41_200_000, "method": "POST", "path": "/complete/50/?from=list", "status": 302,
        "spans": 9, "sql": 2, "bytes": 4321, "complete": True, **more,
    })  # fmt: skip


class ReadApi(TracesServicer):
    """Traces in a dict, found as the contract of the read API says; each span in a chunk of its own."""

    def __init__(self) -> None:
        self.traces: dict[str, TracesData] = {}
        self.arriving: dict[str, tuple[float, TracesData]] = {}
        self.listed: list[Summary] = []
        self.asked: list[Any] = []
        self.bytes: bytes | None = None

    def List(self, request: ListRequest, context: grpc.ServicerContext) -> ListReply:
        self.asked.append(request)
        return ListReply(traces=self.listed)

    def Get(self, request: GetRequest, context: grpc.ServicerContext) -> Iterator[Chunk]:
        self.asked.append(request)
        deadline = time.monotonic() + request.wait_seconds
        while not (found := self.found(request.trace_id)) and time.monotonic() < deadline:
            time.sleep(0.02)
        if not found:
            context.abort(grpc.StatusCode.NOT_FOUND, f"trace {request.trace_id} is not stored here")
        if len(found) > 1:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"the prefix {request.trace_id} fits several traces (1 and 2): give more digits"
            )
        if self.bytes is not None:
            yield Chunk(traces_data=self.bytes)
            return
        first = Summary(trace_id=found[0])
        for batch in self.traces[found[0]].resource_spans:
            for group in batch.scope_spans:
                for span in group.spans:
                    piece = TracesData()
                    kept = piece.resource_spans.add(resource=batch.resource, schema_url=batch.schema_url)
                    kept.scope_spans.add(scope=group.scope, schema_url=group.schema_url, spans=[span])
                    yield Chunk(traces_data=piece.SerializeToString(), summary=first)
                    first = None

    def Delete(self, request: DeleteRequest, context: grpc.ServicerContext) -> DeleteReply:
        return DeleteReply(deleted=0)

    def found(self, trace_id: str) -> list[str]:
        for arrived, (moment, data) in list(self.arriving.items()):
            if time.monotonic() >= moment:
                self.traces[arrived] = data
        if trace_id == "latest":
            return [one for one in self.traces if one != PROJECT][-1:]
        return [one for one in self.traces if one.startswith(trace_id)]


@contextmanager
def served(api: TracesServicer | None) -> Iterator[str]:
    """The address of a gRPC server with this read API, or with none."""
    server = grpc.server(ThreadPoolExecutor(4))
    if api is not None:
        add_TracesServicer_to_server(api, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
