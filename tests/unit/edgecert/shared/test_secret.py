from __future__ import annotations

import pickle

import pytest

from edgecert.shared.secret import Secret


def test_a_secret_shows_itself_only_when_asked_to() -> None:
    secret = Secret(b"canary")
    assert secret.reveal() == b"canary"
    assert "canary" not in f"{secret} {secret!r} {secret:}"


def test_secrets_are_equal_by_value_and_to_nothing_else() -> None:
    assert Secret(b"a") == Secret(b"a")
    assert Secret(b"a") != Secret(b"b")
    assert Secret(b"a") != b"a"
    assert hash(Secret(b"a")) == hash(Secret(b"b"))


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(b"a"))
