from __future__ import annotations

import pytest

from edgecert.model.findings import CODES, KINDS, Severity, severity_for

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    ("code", "acme", "csr", "local"),
    [
        ("empty-label", ERROR, ERROR, ERROR),
        ("underscore", ERROR, ERROR, ERROR),
        ("bad-wildcard", ERROR, ERROR, ERROR),
        ("wildcard-not-allowed", ERROR, ERROR, ERROR),
        ("single-label", ERROR, WARNING, INFO),
        ("reserved-name", ERROR, WARNING, INFO),
        ("internal-name", ERROR, WARNING, INFO),
        ("private-ip", ERROR, WARNING, INFO),
        ("public-suffix", ERROR, WARNING, INFO),
        ("wildcard-name", WARNING, WARNING, WARNING),
        ("duplicate-name", WARNING, WARNING, WARNING),
        ("covered-name", WARNING, WARNING, WARNING),
        ("av-name", WARNING, WARNING, WARNING),
        ("cn-too-long", WARNING, WARNING, WARNING),
        ("split", INFO, INFO, INFO),
        ("split-needs-sni", INFO, INFO, INFO),
        ("sip-domain-not-ticked", WARNING, WARNING, WARNING),
        ("xmpp-domain-left-out", WARNING, WARNING, WARNING),
        ("component-host-not-covered", WARNING, WARNING, WARNING),
    ],
)
def test_severity_follows_the_issuer(code: str, acme: Severity, csr: Severity, local: Severity) -> None:
    assert [severity_for(code, kind) for kind in ("acme", "csr", "local")] == [acme, csr, local]


@pytest.mark.parametrize("code", ["single-label", "reserved-name", "internal-name", "private-ip", "public-suffix"])
def test_a_private_ca_is_not_refused_by_the_rules_of_public_ones(code: str) -> None:
    assert severity_for(code, "private-acme") is WARNING


def test_every_code_has_a_severity_for_every_issuer() -> None:
    for code in CODES:
        for kind in KINDS:
            assert severity_for(code, kind) in Severity


def test_an_unknown_code_is_no_code() -> None:
    with pytest.raises(KeyError):
        severity_for("no-such-code", "acme")
