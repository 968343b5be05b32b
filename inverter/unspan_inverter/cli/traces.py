"""`inverter traces`."""

import json
import re
import time

import click
from unspan_proto.readapi.traces_pb2 import ListRequest

from unspan_inverter.cli.options import endpoint_option, json_option
from unspan_inverter.reading import Collector
from unspan_inverter.settings import endpoint
from unspan_inverter.showing.pages import printed, summary_document, summary_line

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Ago(click.ParamType):
    """`90s`, `10m`, `2h`, `3d`, `1w`, in seconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([smhdw])", str(value).strip())
        if not found:
            self.fail(f"{str(value)[:40]!r} is no time span: write 90s, 10m, 2h, 3d or 1w.", param, ctx)
        return float(found[1]) * UNITS[found[2]]


class Status(click.ParamType):
    """`404` or `4xx`."""

    name = "status"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip().lower()
        if not re.fullmatch(r"[1-5](\d\d|xx)", text):
            self.fail(f"{str(value)[:40]!r} is no status: write 404 or 4xx.", param, ctx)
        return text


@click.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="So many at most.")
@click.option("--path", default="", metavar="GLOB", help="Only requests whose path, or units of work whose name, fits, as in '/polls/*'.")
@click.option("--method", default="", help="Only requests with this method; TASK, COMMAND, TEST or SCRIPT for units of work.")
@click.option("--status", type=Status(), default=None, help="Only responses with this status, as in 404 or 4xx.")
@click.option("--since", type=Ago(), default=None, help="Only requests of the last 90s, 10m, 2h, 3d.")
@json_option
@endpoint_option
def command(limit: int, path: str, method: str, status: str | None, since: float | None, as_json: bool, endpoint: str | None) -> None:
    """List the newest recorded requests, tasks, commands, tests and scripts, newest first."""
    request = ListRequest(limit=limit, path=path, method=method, status=status or "")
    if since is not None:
        request.since_unix_nano = max(0, time.time_ns() - int(since * 1e9))
    with Collector(place(endpoint)) as collector:
        found = collector.newest(request)
    if as_json:
        click.echo(json.dumps([summary_document(one) for one in found], indent=2))
    elif found:
        printed(map(summary_line, found))
    else:
        narrowed = path or method or status or since is not None
        click.echo(
            "inverter: no trace fits." if narrowed else "inverter: nothing was recorded yet; `inverter doctor` says what is missing.",
            err=True,
        )


place = endpoint
"""The option of the same name hides it inside the command."""
