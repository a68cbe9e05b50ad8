from __future__ import annotations

import argparse
import io

from edgecert.cli.context import CliContext
from edgecert.shared.output import Output
from tests.support.clock import FakeClock


def context(**args: object) -> CliContext:
    return CliContext(argparse.Namespace(**args), Output(io.StringIO(), io.StringIO()), {}, FakeClock())


def test_what_a_verb_does_not_take_has_its_default() -> None:
    assert (context().lock_timeout, context().dry_run, context().yes) == (10.0, False, False)


def test_what_was_given_is_taken() -> None:
    given = context(lock_timeout=3.0, dry_run=True, yes=True)
    assert (given.lock_timeout, given.dry_run, given.yes) == (3.0, True, True)
