"""What a call's body holds comes back as it was sent, and what is no such body says which key is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import SwapRequest, decode_swap, encode_swap
from edgecert.shared.errors import ControlError, MaterialError
from tests.support.pki import Pki

if TYPE_CHECKING:
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonObject


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Pki.create(tmp_path_factory.mktemp("pki")).issue(["contoso.example"]).bundle("edge", 7)


def test_a_swap_request_comes_back_as_it_was_sent(bundle: Bundle) -> None:
    for request in (
        SwapRequest(bundle),
        SwapRequest(bundle, "now", allow_drop=True, rollback=True, effective_at=datetime(2027, 1, 1, tzinfo=UTC)),
    ):
        assert decode_swap({**encode_swap(request), "from_the_future": 1}) == request


def test_a_body_that_is_no_swap_says_which_key(bundle: Bundle) -> None:
    good = encode_swap(SwapRequest(bundle))
    wrong: list[tuple[JsonObject, str]] = [
        ({"api": 2}, "version 2"),
        ({"api": True}, "version True"),
        ({"bundle": 1}, "bundle"),
        ({"allow_drop": "yes"}, "allow_drop"),
        ({"rollback": 1}, "rollback"),
        ({"close_old_streams": "soon"}, "close_old_streams"),
        ({"effective_at": "tomorrow"}, "effective_at"),
        ({"effective_at": 5}, "effective_at"),
    ]
    for change, words in wrong:
        with pytest.raises(ControlError, match=words):
            decode_swap({**good, **change})
    with pytest.raises(MaterialError):
        decode_swap({**good, "bundle": {}})


def test_the_key_is_not_in_the_requests_own_text(bundle: Bundle) -> None:
    assert bundle.key.reveal().decode().splitlines()[1] not in repr(SwapRequest(replace(bundle)))


def test_former_names_are_passed_on_and_must_be_names(bundle: Bundle) -> None:
    request = SwapRequest(bundle, replaces=("old", "older"))
    assert decode_swap(encode_swap(request)) == request
    without = {key: value for key, value in encode_swap(request).items() if key != "replaces"}
    assert decode_swap(without).replaces == ()
    with pytest.raises(ControlError) as refused:
        decode_swap({**without, "replaces": ["old", 1]})
    assert refused.value.code == "bad-call"
