import factory
from factory.django import DjangoModelFactory

from polls.models import Poll, Team, User


class TeamFactory(DjangoModelFactory):
    class Meta:
        model = Team

    slack_id = factory.Sequence(lambda n: f"T{n:08}")
    name = factory.Faker("company")
    domain = factory.Faker("domain_word")


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    team = factory.SubFactory(TeamFactory)
    slack_id = factory.Sequence(lambda n: f"U{n:08}")
    name = factory.Faker("user_name")


class PollFactory(DjangoModelFactory):
    class Meta:
        model = Poll

    team = factory.SubFactory(TeamFactory)
    author = factory.SubFactory(UserFactory, team=factory.SelfAttribute("..team"))
    question = "Where do we have lunch?"
    channel = "C024BE7LH"
    message = factory.Sequence(lambda n: f"1503435956.{n:06}")
    votes_per_user = 1
