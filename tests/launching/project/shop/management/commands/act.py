from django.core.management.base import BaseCommand
from mysite import telemetry

from shop import acts

telemetry.install("entry")


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("names", nargs="+")

    def handle(self, *args, names, **options):
        for name in names:
            getattr(acts, name)()
