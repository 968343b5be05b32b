"""What an application might do with each HTTP client: the generated stubs stand in for what these functions call."""

import asyncio
import http.client
import urllib.request
from typing import Any

import aiohttp
import httpx
import requests
import urllib3
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session


def by_requests(url: str) -> Any:
    response = requests.post(url, json={"a": 1}, timeout=5)
    return response.status_code, response.content, response.headers["X-Made"]


def by_httpx(url: str) -> Any:
    response = httpx.post(url, json={"a": 1}, follow_redirects=True)
    return response.status_code, response.content, response.headers["X-Made"]


def by_httpx_async(url: str) -> Any:
    async def run() -> Any:
        async with httpx.AsyncClient(follow_redirects=True) as client:
            response = await client.post(url, json={"a": 1})
            return response.status_code, response.content, response.headers["X-Made"]

    return asyncio.run(run())


def by_urllib3(url: str) -> Any:
    retries = urllib3.Retry(3, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    response = urllib3.PoolManager().request("POST", url, json={"a": 1}, retries=retries)
    return response.status, response.data, response.headers["X-Made"]


def by_urllib(url: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, data=b"{}")) as response:
        return response.status, response.read(), response.headers["X-Made"]


def by_http_client(url: str) -> Any:
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    connection = http.client.HTTPSConnection(host) if scheme == "https" else http.client.HTTPConnection(host)
    connection.putrequest("POST", f"/{path}")
    connection.endheaders(b"{}")
    connection.send(b"")
    response = connection.getresponse()
    return response.status, response.read(), response.headers["X-Made"]


def by_aiohttp(url: str) -> Any:
    async def run() -> Any:
        async with aiohttp.ClientSession() as session, session.post(url, json={"a": 1}) as response:
            return response.status, await response.read(), response.headers["X-Made"]

    return asyncio.run(run())


def by_botocore(url: str) -> Any:
    response = URLLib3Session().send(AWSRequest("POST", url, data=b"{}").prepare())
    return response.status_code, response.content, response.headers["X-Made"]
