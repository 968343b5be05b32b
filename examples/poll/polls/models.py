from django.db import models


class Team(models.Model):
    """A Slack workspace that has installed the application."""

    slack_id = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    domain = models.CharField(max_length=100)
    installed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.name


class Bot(models.Model):
    """The application's user in a workspace, and what it calls Slack with."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE)
    slack_id = models.CharField(max_length=20)
    access_token = models.CharField(max_length=100)


class User(models.Model):
    """A member of a workspace."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="users")
    slack_id = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    locale = models.CharField(max_length=10, default="en-GB")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slack_id"], name="one_user_per_team")]

    def __str__(self):
        return self.name


class Poll(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="polls")
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="polls")
    question = models.CharField(max_length=200)
    channel = models.CharField(max_length=20)
    message = models.CharField(max_length=30, help_text="The timestamp that Slack knows the message by.")
    votes_per_user = models.PositiveSmallIntegerField(default=1)
    is_anonymous = models.BooleanField(default=False)
    closes_at = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return self.question


class Option(models.Model):
    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="options")
    text = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self):
        return self.text


class Vote(models.Model):
    option = models.ForeignKey(Option, on_delete=models.CASCADE, related_name="votes")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="votes")
    cast_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["option", "user"], name="one_vote_per_option")]


class AnalyticsEvent(models.Model):
    """Something that a member did, for the numbers."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)
    properties = models.JSONField(default=dict)
    happened_at = models.DateTimeField(auto_now_add=True)
