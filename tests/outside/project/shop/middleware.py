"""Logs how long a request took, as most projects do somewhere."""

import logging
import time


def timed(get_response):
    def call(request):
        start, began = time.perf_counter(), time.time()
        response = get_response(request)
        logging.getLogger("timing").debug("%s %s", time.perf_counter() - start, time.time() - began)
        return response

    return call
