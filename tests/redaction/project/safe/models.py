from django.db import models


class Device(models.Model):
    name = models.CharField(max_length=100, unique=True)
    api_key = models.CharField(max_length=2000)
    webhook_secret = models.TextField(default="")
    settings = models.JSONField(default=dict)

    class Meta:
        app_label = "safe"
