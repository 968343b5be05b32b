"""What a vote does, whoever asks for it."""

from django.db import transaction
from django.utils import timezone

from polls.models import AnalyticsEvent, Vote


class Refused(Exception):
    """The vote does not count; the message tells the member why."""


@transaction.atomic
def vote(user, option):
    """Casts a vote, or takes it back when the member has voted for this option before."""
    poll = option.poll
    if poll.closes_at and poll.closes_at < timezone.now():
        raise Refused("This poll is closed.")
    before = Vote.objects.filter(user=user, option=option)
    if before.exists():
        before.delete()
        track(poll.team, "vote removed", poll=poll.question, option=option.text)
        return
    if Vote.objects.filter(user=user, option__poll=poll).count() >= poll.votes_per_user:
        raise Refused("You have no votes left in this poll.")
    Vote.objects.create(user=user, option=option)
    track(poll.team, "vote", poll=poll.question, option=option.text)


def track(team, name, **properties):
    AnalyticsEvent.objects.create(team=team, name=name, properties=properties)
