"""Calls of Slack's web API."""

import requests


class SlackError(Exception):
    """Slack did not do what it was asked to."""


def update_message(token, channel, message, text, blocks):
    answer = requests.post(
        "https://slack.com/api/chat.update",
        json={"channel": channel, "ts": message, "text": text, "blocks": blocks},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    ).json()
    if not answer["ok"]:
        raise SlackError(answer["error"])
    return answer
