"""Makes the journeys that it is given, each by a client of its own on the same rows: `python record.py journeys.json` prints the statuses and the traces of
each. A journey is a list of [method, path, body, headers]; `{name}` stands for that member of the last answer in JSON,
`{link}` for the path of the link in the last mail."""

import io
import json
import os
import re
import sys
from http.cookies import SimpleCookie

import asking

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")


class Client:
    """A browser with a jar, and the application behind it."""

    def __init__(self, application):
        self.application, self.jar, self.said = application, SimpleCookie(), {}

    def ask(self, trace_id, method, path, body="", headers=None):
        path, body = self.filled(path), self.filled(body).encode()
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_NAME": "testserver", "SERVER_PORT": "80",
            "HTTP_HOST": "testserver", "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "HTTP_TRACEPARENT": f"00-{trace_id}-{trace_id[:16]}-01", "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json" if body[:1] == b"{" else "application/x-www-form-urlencoded",
            "HTTP_COOKIE": "; ".join(f"{name}={one.value}" for name, one in self.jar.items()),
            **{f"HTTP_{name.upper()}": self.filled(value) for name, value in (headers or {}).items()},
        }  # fmt: skip
        told = []
        answer = self.application(environ, lambda status, headers, *more: told.append((status, headers)))
        content = b"".join(answer)
        answer.close()
        status, pairs = told[0]
        for name, value in pairs:
            if name.lower() == "set-cookie":
                self.jar.load(value)
        mailed = getattr(sys.modules.get("django.core.mail"), "outbox", [])
        self.said["link"] = next((found[1] for one in reversed(mailed) if (found := re.search(r"http://[^/]+(/\S+)", one.body))), "")
        self.said |= json.loads(content) if content[:1] == b"{" else {"location": dict(pairs).get("Location", "")}
        return int(status[:3])

    def filled(self, text):
        for name, item in self.said.get("invite", {}).items():
            text = text.replace(f"{{invite.{name}}}", item)
        return re.sub(r"\{(\w+)\}", lambda found: str(self.said.get(found[1], found[0])), text)


def main():
    asking.patient()
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    from django.core.management import call_command
    from shop import rows

    with open(sys.argv[1]) as file:
        journeys = json.load(file)
    done = {}
    for number, (name, requests) in enumerate(journeys.items()):
        call_command("flush", interactive=False, verbosity=0)
        rows.made()
        client = Client(application)
        ids = [f"{'6' * 24}{number:04x}{at:04x}" for at in range(len(requests))]
        done[name] = [[client.ask(trace_id, *request), trace_id] for trace_id, request in zip(ids, requests, strict=True)]
    print(json.dumps(done))


main()
