from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgecert.model.explanations import partners
from edgecert.model.explanations.gateway import ENTRIES
from gateway import errors, policy
from gateway.xmpp.events import FailureReason


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_of_a_failed_stream_is_explained(reason: FailureReason) -> None:
    assert reason in ENTRIES


def test_every_code_of_errors_and_policy_is_explained() -> None:
    sources = [Path(errors.__file__), *Path(policy.__path__[0]).glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    codes = re.findall(r'code ?= ?"([a-z-]+)"|PartnerWarning\("([a-z-]+)"', text)
    codes += re.findall(r'W\d: "([a-z-]+)"()', text)
    named = {first or second for first, second in codes}
    assert {"no-method", "dialback-never-runs", "database"} <= named
    assert named <= ENTRIES.keys() | partners.ENTRIES.keys()
