from django.core.management.base import BaseCommand, CommandError

from depot.models import Order


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("states", nargs="+")
        parser.add_argument("--prefix", default="")
        parser.add_argument("--strict", action="store_true")
        parser.add_argument("--limit", type=int, default=10)

    def handle(self, *args, states, prefix, strict, limit, **options):
        orders = list(Order.objects.filter(state__in=states, number__startswith=prefix).order_by("number")[:limit])
        if strict and not orders:
            raise CommandError(f"nothing is {' or '.join(states)}")
        for order in orders:
            order.state = "expired"
            order.save()
            self.stdout.write(f"{order.number} has expired", self.style.SUCCESS)
        return f"{len(orders)} of them"
