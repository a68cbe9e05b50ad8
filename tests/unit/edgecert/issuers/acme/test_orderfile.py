from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.orderfile import OrderFile, OrderState
from edgecert.model.challenge import Challenge

if TYPE_CHECKING:
    from pathlib import Path

CHALLENGE = Challenge("dns-01", "*.contoso.com", "contoso.com", "token", "value")


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    state = OrderState("https://ca/dir", "https://ca/account/1", "https://ca/order/1", (CHALLENGE,))
    file = OrderFile(tmp_path)
    file.save(state)
    assert file.load() == state
    assert (tmp_path / "order.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"presented": [{}]}', '{"presented": 5}', "\x00"])
def test_a_damaged_file_costs_one_order_and_nothing_else(tmp_path: Path, text: str) -> None:
    (tmp_path / "order.json").write_text(text, encoding="utf-8")
    assert OrderFile(tmp_path).load() == OrderState()


def test_nothing_kept_is_an_empty_state(tmp_path: Path) -> None:
    assert OrderFile(tmp_path).load() == OrderState()


def test_records_for_a_person_lie_beside_it_and_others_have_another_name(tmp_path: Path) -> None:
    file = OrderFile(tmp_path)
    one, again, other = (file.save_records([line]) for line in ("a. 60 IN TXT x", "a. 60 IN TXT x", "b. 60 IN TXT x"))
    assert one == again != other
    assert one.read_text(encoding="utf-8") == "a. 60 IN TXT x\n"
    assert one.parent == tmp_path
