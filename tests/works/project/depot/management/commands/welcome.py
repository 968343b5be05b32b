from django.core.mail import send_mail
from django.core.management.base import BaseCommand

from depot.models import Customer


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("customer", type=int)
        parser.add_argument("--subject", required=True)

    def handle(self, customer, subject, **options):
        send_mail(subject, "Welcome!", "depot@example.com", [Customer.objects.get(pk=customer).email])
