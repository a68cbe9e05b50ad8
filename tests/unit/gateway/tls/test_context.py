from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.bundle import Bundle
from edgecert.shared.errors import MaterialError
from gateway.tls.context import build_contexts, covers
from gateway.tls.trust import TrustStore

if TYPE_CHECKING:
    from tests.support.pki import Issued, Pki

TRUST = TrustStore(())


def test_each_domain_gets_the_first_certificate_that_covers_it(pki: Pki, contoso: Issued, fabrikam: Issued) -> None:
    both = pki.issue(["contoso.example", "fabrikam.example"])
    bundles = [fabrikam.bundle("a"), contoso.bundle("b", 4), both.bundle("c")]
    contexts = build_contexts(bundles, domains=["contoso.example", "fabrikam.example", "litware.example"], trust=TRUST)
    assert contexts.generations == {"a": 1, "b": 4, "c": 1}
    assert contexts.domains_of("a") == ("fabrikam.example",)
    assert contexts.domains_of("b") == ("contoso.example",)
    assert contexts.domains_of("c") == ()
    for domain, name in [("contoso.example", "b"), ("fabrikam.example", "a"), ("litware.example", "a"), (None, "a")]:
        found = contexts.find(domain)
        assert found is not None
        assert found.meta.name == name


def test_without_material_there_is_nothing_to_find() -> None:
    contexts = build_contexts([], domains=["contoso.example"], trust=TRUST)
    assert not contexts.available
    assert contexts.find("contoso.example") is None


def test_a_foreign_key_is_refused(contoso: Issued, fabrikam: Issued) -> None:
    wrong = Bundle(fabrikam.bundle().key, contoso.certificates, contoso.bundle().meta)
    with pytest.raises(MaterialError) as caught:
        build_contexts([wrong], domains=[], trust=TRUST)
    assert caught.value.code == "key-mismatch"


def test_covers_by_any_kind_of_name(contoso: Issued) -> None:
    assert covers(contoso.bundle(), "contoso.example")
    assert not covers(contoso.bundle(), "fabrikam.example")
