"""The generated code of the read API is what its source says, and every supported protobuf loads it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from unspan_proto.readapi import traces_pb2

PROTO = Path(__file__).parents[2] / "proto"
GENERATED = ("traces_pb2.py", "traces_pb2.pyi", "traces_pb2_grpc.py")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code, generated anew elsewhere."""
    folder = tmp_path_factory.mktemp("generated")
    done = subprocess.run([sys.executable, PROTO / "generate", folder], capture_output=True, text=True)
    if "no other was found" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return folder / "unspan_proto" / "readapi"


@pytest.mark.parametrize("name", GENERATED)
def test_the_generated_code_is_what_the_source_says(fresh: Path, name: str) -> None:
    assert (PROTO / "unspan_proto" / "readapi" / name).read_bytes() == (fresh / name).read_bytes()


def test_the_generated_code_asks_for_no_newer_protobuf_than_5_26() -> None:
    text = (PROTO / "unspan_proto" / "readapi" / "traces_pb2.py").read_text()
    assert re.findall(r"Protobuf Python Version: (\S+)", text) == ["5.26.1"]
    assert "ValidateProtobufRuntimeVersion" not in text


def test_a_reply_comes_back_as_it_was() -> None:
    reply = traces_pb2.ListReply(traces=[traces_pb2.Summary(trace_id="a" * 32, path="/ä", status=200, lost=["rows"])])
    assert traces_pb2.ListReply.FromString(reply.SerializeToString()) == reply
