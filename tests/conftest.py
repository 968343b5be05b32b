"""For every test: nothing of the machine's own recording settings leaks in, and CI allows no skipped test."""

import os
import signal

import pytest
from postgres import postgres  # noqa: F401 - a fixture

SKIPPED: list[str] = []
IN_CI = os.environ.pop("CI", "") == "true"
"""Taken out of the environment: programs that tests start (pytest itself) print other things in CI than a person sees."""


def pytest_configure(config: pytest.Config) -> None:
    for name in [name for name in os.environ if name.startswith(("OTEL_", "UNSPAN_", "DJANGO_"))]:
        del os.environ[name]
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell's job in the background: programs that tests interrupt would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if IN_CI and SKIPPED:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if IN_CI and SKIPPED:
        terminalreporter.section("skipped tests fail in CI: what is missing here must be installed", red=True)
        for name in SKIPPED:
            terminalreporter.line(name)
