from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import MaterialError, UsageError
from edgecert.store.certbot import read_certbot
from tests.support.certbot import ACCOUNT_URL, CertbotTree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> CertbotTree:
    made = CertbotTree(tmp_path)
    made.add("contoso.com", ("contoso.com",), {"authenticator": "standalone"})
    made.add("fabrikam.com", ("fabrikam.com",), {"authenticator": "webroot"}, more="[[webroot_map]]\nfabrikam.com = /w")
    return made


def test_reads_every_lineage_or_those_that_are_named(tree: CertbotTree) -> None:
    both = read_certbot(tree.config)
    assert [each.name for each in both] == ["contoso.com", "fabrikam.com"]
    assert both[1].renewal.webroots == {"fabrikam.com": "/w"}
    (one,) = read_certbot(tree.config, ["fabrikam.com"])
    assert one.account is not None
    assert one.account.url == ACCOUNT_URL
    assert one.account.key.public_key() == tree.account.public_key()
    assert one.findings == ()


def test_what_is_not_there_is_said_with_what_is(tree: CertbotTree, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_certbot(tree.config, ["litware.com"])
    assert "contoso.com, fabrikam.com" in caught.value.hint
    with pytest.raises(UsageError) as nowhere:
        read_certbot(tmp_path / "nowhere")
    assert nowhere.value.code == "certbot-not-found"
    (tmp_path / "empty" / "renewal").mkdir(parents=True)
    with pytest.raises(UsageError):
        read_certbot(tmp_path / "empty")


def test_an_account_that_is_gone_or_damaged_is_no_obstacle(tree: CertbotTree) -> None:
    (tree.account_home / "private_key.json").write_text("{}")
    (found,) = read_certbot(tree.config, ["contoso.com"])
    assert found.account is None
    assert [finding.code for finding in found.findings] == ["certbot-without-account"]
    for path in tree.account_home.iterdir():
        path.unlink()
    tree.account_home.rmdir()
    (found,) = read_certbot(tree.config, ["contoso.com"])
    assert (found.account, found.findings) == (None, ())


def test_an_account_outside_of_the_directory_is_not_read(tree: CertbotTree) -> None:
    conf = tree.config / "renewal" / "contoso.com.conf"
    conf.write_text(conf.read_text().replace("account = ", "account = ../../"))
    assert read_certbot(tree.config, ["contoso.com"])[0].account is None


def test_a_lineage_without_its_files_is_said(tree: CertbotTree) -> None:
    (tree.config / "live" / "contoso.com" / "privkey.pem").unlink()
    with pytest.raises(MaterialError) as caught:
        read_certbot(tree.config)
    assert caught.value.code == "certbot-malformed"
