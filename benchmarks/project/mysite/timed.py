"""The project's WSGI application, which says with each answer what the answer before took of the processor's time.

Only the request's own thread counts, from the server's call until the answer is closed: other work on the machine hardly disturbs that.
"""

import time

from django.core.wsgi import get_wsgi_application

HEADER = "X-Spent-Before"


class Timed:
    def __init__(self, application):
        self.application, self.spent = application, 0

    def __call__(self, environ, start_response):
        answer = Answer(self, time.thread_time_ns())

        def start(status, headers, *rest):
            return start_response(status, [*headers, (HEADER, str(self.spent))], *rest)

        answer.inner = self.application(environ, start)
        return answer


class Answer:
    def __init__(self, owner, began):
        self.owner, self.began, self.inner = owner, began, None

    def __iter__(self):
        return iter(self.inner)

    def close(self):
        self.inner.close()
        self.owner.spent = time.thread_time_ns() - self.began


application = Timed(get_wsgi_application())
