"""The project's own test runner of Django's kind, asked many times with one set of databases. Needs Django and the standard library only."""

import unittest
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from django.conf import settings
from django.test import TestCase, TransactionTestCase
from django.test.utils import get_runner

from .keeping import kept
from .serving import Result, serve


class Warm(get_runner(settings)):  # type: ignore[misc]
    """Makes the databases, serves in the place of its one suite, and takes the databases away."""

    def run_suite(self, suite: Any, **kwargs: Any) -> unittest.TestResult:
        serve(ran)
        return unittest.TestResult()


def ran(module: ModuleType) -> Result:
    suite, result = unittest.defaultTestLoader.loadTestsFromModule(module), unittest.TestResult()
    with kept(any(isinstance(one, TransactionTestCase) and not isinstance(one, TestCase) for one in flat(suite))):
        suite.run(result)
    return Result(result.testsRun, len(result.skipped), [text for _, text in [*result.errors, *result.failures]])


def flat(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from flat(one)
        else:
            yield one
