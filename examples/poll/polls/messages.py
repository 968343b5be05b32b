"""How a poll looks in Slack, in its Block Kit."""


def section(text, **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def of_poll(poll):
    blocks = [section(f"*{poll.question}*")]
    for option in poll.options.all():
        blocks.append(section(line(poll, option), accessory=button(option)))
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": f"A poll by {poll.author.name}"}]})
    return blocks


def line(poll, option):
    votes = option.votes.count()
    if poll.is_anonymous or not votes:
        return f"{option.text} `{votes}`"
    names = ", ".join(vote.user.name for vote in option.votes.order_by("pk"))
    return f"{option.text} `{votes}`\n{names}"


def button(option):
    return {"type": "button", "action_id": "vote", "value": str(option.pk), "text": {"type": "plain_text", "text": "Vote"}}
