from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.account import AccountOptions, settle
from edgecert.issuers.acme.problems import AcmeProblemError
from edgecert.issuers.acme.transport import Response
from edgecert.shared.errors import MaterialError, NetworkError, RefusedError, UsageError
from tests.support.acmefaults import Fault, NoFaults, Planned, problem
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


@pytest.mark.parametrize("wrong", ["kid", "key"])
def test_a_binding_that_the_ca_refuses_is_told_as_such(parts: Parts, tmp_path: Path, wrong: str) -> None:
    parts.server.eab = {"kid-1" if wrong == "key" else "kid-2": unb64(EAB_KEY)}
    parts.terms = eab(tmp_path, EAB_KEY if wrong == "kid" else EAB_KEY[::-1])
    with pytest.raises(RefusedError) as caught:
        assert parts.account().url
    assert caught.value.code == "eab-refused"
    assert "eab_kid" in caught.value.hint
    assert parts.server.accounts == {}


def test_a_closed_account_of_a_run_that_died_is_forgotten(parts: Parts) -> None:
    url = parts.account().url
    parts.server.accounts[url]["status"] = "deactivated"
    assert parts.account().deactivate() == url
    assert parts.files.load() is None


def test_an_account_that_the_ca_will_not_close_is_kept(parts: Parts) -> None:
    url = parts.account().url
    refusal = problem(403, "unauthorized", "not by this address")
    parts.server.fault = lambda _method, path: refusal if path.startswith("/account") else None
    with pytest.raises(AcmeProblemError, match="not by this address"):
        parts.account().deactivate()
    assert parts.files.load() is not None
    assert parts.account().url == url


def test_rolls_over_to_another_key(parts: Parts) -> None:
    url, before = parts.account().url, parts.files.key().public_key()
    client = parts.client()
    account = parts.account(client)
    assert account.roll_over() == url
    after = parts.files.key().public_key()
    assert after != before
    assert parts.server.keys[url] == after
    assert parts.files.next_key() is None
    assert account.fetch()["status"] == "valid", "the same run goes on with the new key"
    assert parts.account().fetch()["status"] == "valid"


def test_a_roll_over_whose_answer_was_lost_is_known_by_the_new_key(parts: Parts) -> None:
    url = parts.account().url
    parts.server.faults = planned = Planned(Fault.DROP_AFTER, path="/keyChange")
    parts.account().roll_over()
    assert planned.happened == 1
    assert parts.server.keys[url] == parts.files.key().public_key()


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.DROP_AFTER])
def test_both_keys_stay_until_the_ca_says_which_one_it_has(parts: Parts, fault: Fault) -> None:
    url, old = parts.account().url, parts.files.key().public_key()
    parts.server.faults = Planned(fault, path="/keyChange", times=100)
    parts.server.fault = lambda _method, path: Response(503) if path == "/newAccount" else None
    with pytest.raises(NetworkError):
        parts.account().roll_over()
    assert parts.files.next_key() is not None
    with pytest.raises(NetworkError):
        settle(parts.files, parts.client_of)
    assert parts.files.next_key() is not None
    parts.server.fault, parts.server.faults = (lambda _method, _path: None), NoFaults()
    settle(parts.files, parts.client_of)
    assert parts.files.next_key() is None
    assert parts.server.keys[url] == parts.files.key().public_key()
    assert (parts.files.key().public_key() == old) is (fault is Fault.DROP_BEFORE)


def test_a_roll_over_that_is_refused_leaves_the_old_key(parts: Parts) -> None:
    url, old = parts.account().url, parts.files.key().public_key()
    refusal = problem(409, "malformed", "that key is in use")
    parts.server.fault = lambda _method, path: refusal if path == "/keyChange" else None
    with pytest.raises(AcmeProblemError, match="in use"):
        parts.account().roll_over()
    assert parts.files.next_key() is None
    assert parts.files.key().public_key() == old == parts.server.keys[url]


def test_nothing_to_settle_asks_nobody(parts: Parts) -> None:
    settle(parts.files, parts.client_of)
    assert parts.server.requests == []
