from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.account import AccountOptions
from edgecert.issuers.acme.problems import AcmeProblemError
from edgecert.shared.errors import MaterialError, RefusedError, UsageError
from tests.support.acmejose import unb64

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.acmeparts import Parts

EAB_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


def eab(tmp_path: Path, text: str) -> AccountOptions:
    file = tmp_path / "eab.key"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return AccountOptions(accept_terms=True, eab_kid="kid-1", eab_hmac_key_file=file)


def test_registers_once_with_its_contact(parts: Parts) -> None:
    parts.terms = AccountOptions("pki@contoso.com", accept_terms=True)
    url = parts.account().url
    assert parts.account().url == url
    assert parts.server.count("/newAccount") == 1
    assert parts.server.accounts[url]["contact"] == ["mailto:pki@contoso.com"]


def test_a_record_that_was_lost_is_found_again_by_the_key(parts: Parts) -> None:
    url = parts.account().url
    (parts.files.path / "account.json").unlink()
    assert parts.account().url == url
    assert len(parts.server.accounts) == 1


def test_the_terms_are_named_before_anything_is_agreed_to(parts: Parts) -> None:
    parts.terms = AccountOptions()
    parts.server.meta = {"termsOfService": "https://ca.example.net/terms"}
    with pytest.raises(UsageError, match=r"ca\.example\.net/terms") as caught:
        assert parts.account().url
    assert caught.value.code == "terms-not-accepted"
    assert parts.server.count("/newAccount") == 0


def test_binds_an_external_account(parts: Parts, tmp_path: Path) -> None:
    parts.server.eab = {"kid-1": unb64(EAB_KEY)}
    with pytest.raises(RefusedError) as caught:
        assert parts.account().url
    assert caught.value.code == "eab-required"
    assert parts.server.count("/newAccount") == 0
    parts.terms = eab(tmp_path, f"{EAB_KEY}\n")
    binding = parts.server.accounts[parts.account().url]["externalAccountBinding"]
    assert set(binding) == {"protected", "payload", "signature"}


@pytest.mark.parametrize("text", ["", "not base64 at all!", "ä"])
def test_a_key_that_is_none_is_told_before_the_ca_is_asked(parts: Parts, tmp_path: Path, text: str) -> None:
    parts.terms = eab(tmp_path, text)
    with pytest.raises((MaterialError, UsageError)):
        assert parts.account().url
    assert parts.server.count("/newAccount") == 0


def test_registers_the_same_key_again_and_says_what_changes(parts: Parts) -> None:
    old = parts.account().url
    parts.server.accounts.clear()
    parts.account().register_again()
    assert parts.account().url != old
    assert parts.watcher.codes == ["acme-account-registered-again"]
    assert "accounturi" in parts.watcher.warnings[0][1]


def test_shows_updates_and_deactivates(parts: Parts) -> None:
    url = parts.account().url
    parts.terms = AccountOptions("new@contoso.com", accept_terms=True)
    assert parts.account().update()["contact"] == ["mailto:new@contoso.com"]
    assert parts.account().fetch()["contact"] == ["mailto:new@contoso.com"]
    assert parts.account().deactivate() == url
    assert parts.server.accounts[url]["status"] == "deactivated"
    assert parts.account().url != url


def test_an_account_that_the_ca_has_closed_is_not_taken_for_a_new_one(parts: Parts) -> None:
    url = parts.account().url
    (parts.files.path / "account.json").unlink()
    parts.server.accounts[url]["status"] = "deactivated"
    with pytest.raises(AcmeProblemError, match="closed"):
        assert parts.account().url
