from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from edgecert.issuers.acme.account import Account
from edgecert.issuers.acme.accountkey import algorithm_of, jwk_of
from edgecert.issuers.acme.client import AcmeClient
from edgecert.shared.errors import StoreError
from tests.support.acmeparts import Parts, an_order


def test_each_key_signs_in_its_own_way() -> None:
    keys = (
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
    )
    assert [algorithm_of(jwk_of(key)).name for key in keys] == ["RS256", "ES256", "ES384"]


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())])
def test_an_account_of_another_client_goes_on_with_its_key(
    parts: Parts, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    theirs = AcmeClient(parts.server.url, parts.server, jwk_of(key), parts.patience())
    other = Parts(parts.directory / "theirs")
    account = Account(theirs, other.files, parts.terms, parts.watcher, parts.client_of)
    url = account.url
    parts.files.adopt(key, url, ("mailto:pki@contoso.com",))
    parts.files.adopt(key, url, ())  # a second lineage of the same account
    assert parts.issuer().issue(an_order("sip.contoso.com")).certificates
    assert list(parts.server.accounts) == [url]
    with pytest.raises(StoreError) as caught:
        parts.files.adopt(ec.generate_private_key(ec.SECP256R1()), url, ())
    assert caught.value.code == "account-taken"
