"""A command that serves one request by a server of its own, as libraries do."""

from wsgiref.simple_server import make_server

from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application

from yard import stock


class Command(BaseCommand):
    def handle(self, *args, **options):
        stock.restock("before", 1)
        server = make_server("127.0.0.1", 0, get_wsgi_application())
        print(server.server_port, flush=True)
        server.handle_request()
        stock.restock("after", 1)
