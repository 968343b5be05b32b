"""For programs that run in a project under the recorder, in a folder of their own where a copy of this file lies: a GET as a server makes it. Standard library only."""

import io
import sys


def asked(application, path, trace_id, query=""):
    """The status and the body of the answer; the request is the trace with this id."""
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": query, "SERVER_NAME": "testserver", "SERVER_PORT": "80",
        "HTTP_HOST": "testserver", "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        "HTTP_TRACEPARENT": f"00-{trace_id}-{trace_id[:16]}-01",
    }  # fmt: skip
    said = []
    answer = application(environ, lambda status, headers, *more: said.append(status))
    body = b"".join(answer)
    answer.close()
    return int(said[0][:3]), body


def patient():
    """Lets the recorder spend what it needs on rows behind statements: how busy this machine is must not decide what a trace holds."""
    from unspan_instrumentation.lineage import fetching, images

    images.MOST_SECONDS, fetching.MILLISECONDS = 60.0, 10_000
    fetching.READING = f"SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = {fetching.MILLISECONDS}"
