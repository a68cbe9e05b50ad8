from __future__ import annotations

import subprocess
import sys

# What runs in a fresh process: there the library is loaded for the first time.
FRESH = """
import sys
from edgecert.issuers.acme.library import messages
assert "requests" not in sys.modules, "loaded though nobody uses it"
from acme import challenges
{}
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", FRESH.format(program)], capture_output=True, text=True, check=False, timeout=60
    )


def test_loads_without_requests() -> None:
    done = run("assert 'requests' not in sys.modules")
    assert done.returncode == 0, done.stderr


def test_what_the_library_uses_of_requests_is_the_real_thing() -> None:
    done = run("import requests; assert challenges.requests.get is requests.get")
    assert done.returncode == 0, done.stderr


NEEDS_MORE = """
from edgecert.issuers.acme import library
del library._Later.Response
for name in [name for name in sys.modules if name.partition(".")[0] == "acme"]:
    del sys.modules[name]
library._load()
import acme.errors
assert "requests" in sys.modules
"""


def test_a_library_that_needs_more_while_it_loads_gets_the_real_thing() -> None:
    done = run(NEEDS_MORE)
    assert done.returncode == 0, done.stderr
