import responses
from django.test import RequestFactory, TestCase
from django.utils import timezone


class SlackTestCase(TestCase):
    """For all that Slack asks of us and we of Slack: nothing leaves the machine."""

    def setUp(self):
        super().setUp()
        self.factory = RequestFactory()
        self.timestamp = int(timezone.now().timestamp())
        responses.start()
        self.addCleanup(responses.reset)
        self.addCleanup(responses.stop)
