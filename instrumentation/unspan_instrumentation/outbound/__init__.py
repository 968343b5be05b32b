"""Outbound HTTP: one file a client library, one line here. A call is recorded once, at the client that the application called."""

from collections.abc import Callable
from typing import Any, Final

from unspan_instrumentation.outbound import aiohttp, httpx, requests, stdlib, urllib3

PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("requests.adapters", requests.patch),
    ("httpx", httpx.patch),
    ("urllib3.connectionpool", urllib3.patch),
    ("aiohttp", aiohttp.patch),
    ("http.client", stdlib.patch),
    ("urllib.request", stdlib.patch_urllib),
)
"""Module and what to do with it once it is imported."""
