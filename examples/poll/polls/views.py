import json

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from slack.client import update_message
from slack.signature import from_slack

from polls import messages, voting
from polls.models import Option, Team, User


@csrf_exempt
@require_POST
@from_slack
def interactions(request):
    """What Slack sends when somebody presses a button of ours."""
    payload = json.loads(request.POST["payload"])
    team = get_object_or_404(Team, slack_id=payload["team"]["id"])
    user = member(team, payload["user"])
    for action in payload["actions"]:
        if action["action_id"] == "vote":
            answer = vote(user, get_object_or_404(Option, pk=action["value"], poll__team=team))
            if answer:
                return answer
    return HttpResponse()


def member(team, described):
    user, is_new = User.objects.get_or_create(team=team, slack_id=described["id"], defaults={"name": described["name"]})
    if not is_new and user.name != described["name"]:
        user.name = described["name"]
        user.save(update_fields=["name"])
    return user


def vote(user, option):
    try:
        voting.vote(user, option)
    except voting.Refused as reason:
        return JsonResponse({"response_type": "ephemeral", "text": str(reason)})
    poll = option.poll
    update_message(poll.team.bot.access_token, poll.channel, poll.message, poll.question, messages.of_poll(poll))
    return None
