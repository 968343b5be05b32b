"""Settings that Django's test runner replaces, set again to what the recorded code read: `DEBUG`, and an `EMAIL_BACKEND` that sends nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from unspan_proto.project import Project

from unspan_inverter.events import Event, MailSent, SettingsRead

SILENT: Final = ("django.core.mail.backends.console.EmailBackend", "django.core.mail.backends.dummy.EmailBackend")
"""A test must not send: with any other backend the runner's own stays. It also stays where mail was sent, which it keeps for the test to see."""


def settings(events: Sequence[Event], project: Project) -> Mapping[str, Any]:
    read = {name for event in events if isinstance(event, SettingsRead) for name in event.names}
    found: dict[str, Any] = {}
    if "DEBUG" in read and project.settings.get("DEBUG") is True:
        found["DEBUG"] = True
    backend = project.settings.get("EMAIL_BACKEND")
    if "EMAIL_BACKEND" in read and backend in SILENT and not any(isinstance(event, MailSent) for event in events):
        found["EMAIL_BACKEND"] = backend
    return found
