from django.apps import AppConfig
from mysite import telemetry


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self):
        telemetry.install("ready")
