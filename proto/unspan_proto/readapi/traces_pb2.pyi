from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListRequest(_message.Message):
    __slots__ = ("limit", "path", "method", "status", "since_unix_nano", "only_complete", "all_kinds")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SINCE_UNIX_NANO_FIELD_NUMBER: _ClassVar[int]
    ONLY_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    ALL_KINDS_FIELD_NUMBER: _ClassVar[int]
    limit: int
    path: str
    method: str
    status: str
    since_unix_nano: int
    only_complete: bool
    all_kinds: bool
    def __init__(self, limit: _Optional[int] = ..., path: _Optional[str] = ..., method: _Optional[str] = ..., status: _Optional[str] = ..., since_unix_nano: _Optional[int] = ..., only_complete: bool = ..., all_kinds: bool = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("trace_id", "started_unix_nano", "duration_nano", "method", "path", "status", "spans", "sql", "bytes", "complete", "lost", "service")
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_UNIX_NANO_FIELD_NUMBER: _ClassVar[int]
    DURATION_NANO_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    SQL_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    trace_id: str
    started_unix_nano: int
    duration_nano: int
    method: str
    path: str
    status: int
    spans: int
    sql: int
    bytes: int
    complete: bool
    lost: _containers.RepeatedScalarFieldContainer[str]
    service: str
    def __init__(self, trace_id: _Optional[str] = ..., started_unix_nano: _Optional[int] = ..., duration_nano: _Optional[int] = ..., method: _Optional[str] = ..., path: _Optional[str] = ..., status: _Optional[int] = ..., spans: _Optional[int] = ..., sql: _Optional[int] = ..., bytes: _Optional[int] = ..., complete: bool = ..., lost: _Optional[_Iterable[str]] = ..., service: _Optional[str] = ...) -> None: ...

class ListReply(_message.Message):
    __slots__ = ("traces",)
    TRACES_FIELD_NUMBER: _ClassVar[int]
    traces: _containers.RepeatedCompositeFieldContainer[Summary]
    def __init__(self, traces: _Optional[_Iterable[_Union[Summary, _Mapping]]] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("trace_id", "wait_seconds")
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    trace_id: str
    wait_seconds: float
    def __init__(self, trace_id: _Optional[str] = ..., wait_seconds: _Optional[float] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("traces_data", "summary")
    TRACES_DATA_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    traces_data: bytes
    summary: Summary
    def __init__(self, traces_data: _Optional[bytes] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("trace_ids",)
    TRACE_IDS_FIELD_NUMBER: _ClassVar[int]
    trace_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, trace_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class DeleteReply(_message.Message):
    __slots__ = ("deleted",)
    DELETED_FIELD_NUMBER: _ClassVar[int]
    deleted: int
    def __init__(self, deleted: _Optional[int] = ...) -> None: ...
