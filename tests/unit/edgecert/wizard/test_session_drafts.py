"""What the wizard keeps when it is left, and takes up again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgecert.wizard.fields import Page
from edgecert.wizard.session import WizardSession

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject

BASE = Path("/srv/edge")


@pytest.fixture
def session() -> WizardSession:
    return WizardSession(BASE)


def test_a_draft_of_another_version_is_left_alone(session: WizardSession) -> None:
    session.add_domain("contoso.com")
    before = session.answers
    assert not session.restore({**session.to_json(), "version": 99})
    assert session.answers == before


def test_keys_of_a_draft_that_are_no_more_are_left_out(session: WizardSession) -> None:
    draft: JsonObject = {
        **session.to_json(),
        "values": {"certificate.gone": 1, "subject.country": "Italy", "deploy": [{"x": 1}]},
    }
    assert session.restore(draft)
    assert session.value("subject.country") == ""
    assert session.rows("deploy") == [{}]


def test_a_draft_keeps_the_page(session: WizardSession) -> None:
    session.add_domain("contoso.com")
    session.go(Page.TARGETS)
    again = WizardSession(BASE)
    assert again.restore(session.to_json())
    assert again.page is Page.TARGETS
    assert again.domains == session.domains
