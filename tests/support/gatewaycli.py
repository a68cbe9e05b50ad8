"""``edgecert-gateway`` as a person runs it, in this process: arguments in, exit code and both streams out."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout

from gateway.cli.main import main
from tests.support.processes import Result


def gateway_cli(*arguments: str) -> Result:
    """Run the command line."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        code = main(arguments)
    return Result(code, stdout.getvalue(), stderr.getvalue())
