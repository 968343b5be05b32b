"""Whether a request comes from Slack: https://api.slack.com/authentication/verifying-requests-from-slack."""

import functools
import hashlib
import hmac
import time

from django.conf import settings
from django.http import HttpResponseForbidden

TOO_OLD = 60 * 5


def signature(timestamp, body):
    message = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(settings.SLACK_SIGNING_SECRET.encode(), message, hashlib.sha256).hexdigest()


def from_slack(view):
    """Answers 403 in the view's place to what Slack has not signed, or long ago."""

    @functools.wraps(view)
    def checked(request, *args, **kwargs):
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signed = request.headers.get("X-Slack-Signature", "")
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOO_OLD:
            return HttpResponseForbidden("too old")
        if not hmac.compare_digest(signature(timestamp, request.body), signed):
            return HttpResponseForbidden("not signed by Slack")
        return view(request, *args, **kwargs)

    return checked
