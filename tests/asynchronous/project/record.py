"""Asks the application as an ASGI server does: `python record.py requests.json` prints the status and the trace of each. A request is [method, path, body,
who is logged in, session]."""

import asyncio
import json
import os
import sys

import asking

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")


async def asked(application, trace_id, method, path, body, cookie):
    headers = [(b"host", b"testserver"), (b"traceparent", f"00-{trace_id}-{trace_id[:16]}-01".encode()), (b"cookie", cookie.encode())]
    headers += [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", str(len(body)).encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "headers": headers, "client": ("127.0.0.1", 50000), "server": ("testserver", 80),
    }  # fmt: skip
    said, waiting = [], asyncio.Queue()
    await waiting.put({"type": "http.request", "body": body.encode(), "more_body": False})

    async def send(message):
        said.append(message)

    await application(scope, waiting.get, send)
    return said[0]["status"]


def main():
    asking.patient()
    from django.core.asgi import get_asgi_application

    application = get_asgi_application()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client
    from shop.models import Order, Product

    with open(sys.argv[1]) as file:
        requests = json.load(file)
    done = {}
    for number, (name, (method, path, body, who, kept)) in enumerate(requests.items()):
        call_command("flush", interactive=False, verbosity=0)
        ann = get_user_model().objects.create(username="ann")
        Product.objects.create(name="Lamp")
        rug = Product.objects.create(name="Rug")
        Order.objects.create(customer=ann, product=rug)
        client = Client()
        if who:
            client.force_login(get_user_model().objects.get(username=who))
        if kept:
            session = client.session
            session.update(kept)
            session.save()
        cookie = f"sessionid={client.cookies['sessionid'].value}" if "sessionid" in client.cookies else ""
        trace_id = f"{'7' * 28}{number:04x}"
        done[name] = [asyncio.run(asked(application, trace_id, method, path, body, cookie)), trace_id]
    print(json.dumps(done))


main()
