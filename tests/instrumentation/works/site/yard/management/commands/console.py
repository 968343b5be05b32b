"""Builds upon a command of Django's that serves."""

from django.core.management.commands.shell import Command as Shell


class Command(Shell):
    pass
