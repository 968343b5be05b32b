"""What the exporter's thread takes for one request, with redaction and without: run by the wrapper, in an environment that has the product.

    python benchmarks/exporting.py [--path /report/1/] [--times 20]

Records one request of the benchmarks' project in a process of its own, turns what was queued into OTLP's bytes again and again, and prints the milliseconds
of the quickest, for each record of a call too.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from servers import PROJECT, clean, prepared

INSIDE = "BENCHMARK_INSIDE"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", default="/report/1/")
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    if INSIDE in os.environ:
        return measured(options.path, options.times)
    with tempfile.TemporaryDirectory() as name:
        python = Path(sys.executable)
        database = prepared(python, Path(name))
        env = clean(
            {
                "BENCHMARK_DATABASE": database,
                "DJANGO_SETTINGS_MODULE": "mysite.settings",
                "UNSPAN_WORKS": "0",
                "UNSPAN_ENDPOINT": "127.0.0.1:9",
            }
        )
        command = [python.with_name("opentelemetry-instrument"), python, __file__, "--path", options.path, "--times", str(options.times)]
        return subprocess.run(command, cwd=PROJECT, env={**env, INSIDE: "1", "PYTHONPATH": str(PROJECT)}).returncode


def measured(path: str, times: int) -> int:
    import django
    from django.conf import settings
    from django.test import Client
    from unspan_instrumentation import outbox
    from unspan_instrumentation.settings import read

    django.setup()
    settings.ALLOWED_HOSTS = ["*"]
    kept: list[Any] = []
    queued, outbox.Outbox.put = outbox.Outbox.put, lambda self, record: kept.append(record) or True  # type: ignore[method-assign, assignment]
    client = Client()
    client.get(path)  # the first one describes the project too
    kept.clear()
    assert client.get(path).status_code == 200
    outbox.Outbox.put = queued  # type: ignore[method-assign]
    calls = sum(record.number for record in kept if type(record).__name__ == "Calls")
    print(f"{path}: {calls} calls, {len(kept)} records beside them")
    for name, setting in (("redaction", {}), ("UNSPAN_REDACT=off", {"UNSPAN_REDACT": "off"})):
        best = min(taken(outbox, read(setting), kept) for _ in range(times))
        print(f"  {name:18} {best * 1e3:7.2f} ms, {best * 1e6 / max(calls, 1):6.2f} µs a call")
    return 0


def taken(outbox: Any, settings: Any, kept: list[Any]) -> float:
    """Seconds of the processor's time to turn the records into requests, by an exporter that has never seen them."""
    box = outbox.Outbox(settings, Unsent())
    box._start = lambda: True
    box.hurried = True
    for record in kept:
        box.put(record)
    start = time.thread_time()
    box._seal()
    return time.thread_time() - start


class Unsent:
    """Takes requests and forgets them."""

    def forget(self) -> None:
        """There is no connection."""

    def send(self, data: bytes, timeout: float) -> Any:
        from unspan_instrumentation.sending import Outcome

        return Outcome.TAKEN, ""


if __name__ == "__main__":
    sys.exit(main())
