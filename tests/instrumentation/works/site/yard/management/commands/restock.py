from django.core.management.base import BaseCommand, CommandError

from yard import stock


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("name")
        parser.add_argument("--count", type=int, default=1)
        parser.add_argument("--fail", action="store_true")

    def handle(self, *args, name, count, fail, **options):
        if fail:
            raise CommandError(f"no {name}")
        return f"{name}: {stock.restock(name, count)}"
