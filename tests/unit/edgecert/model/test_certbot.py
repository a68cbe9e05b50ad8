from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from edgecert.model.certbot import (
    CertbotAccount,
    CertbotLineage,
    CertbotPlan,
    account_name,
    lineage_name,
    parse_renewal_file,
    plan_lineage,
    server_path,
)
from edgecert.model.findings import Severity
from edgecert.model.request import ChallengeOptions
from edgecert.shared.errors import MaterialError
from edgecert.shared.secret import Secret

SERVER = "https://acme-v02.api.letsencrypt.org/directory"
# As certbot 2.1.0 writes it, shortened.
RENEWAL = """\
# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = /etc/letsencrypt/archive/contoso.com

# Options used in the renewal process
[renewalparams]
account = 45d7e1a6b536d39e97a8ef5689189fc9
server = https://acme-v02.api.letsencrypt.org/directory
"""
NAMES = ("contoso.com", "sip.contoso.com")


def account() -> CertbotAccount:
    key = ec.generate_private_key(ec.SECP256R1())
    return CertbotAccount("45d7e1a6b536d39e97a8ef5689189fc9", key, "https://ca/1", ("mailto:pki@contoso.com",))


def plan(params: str, *, top: str = "", known: bool = True, key: tuple[str, int] = ("ecdsa", 256)) -> CertbotPlan:
    renewal = parse_renewal_file(top + RENEWAL + params, "contoso.com")
    lineage = CertbotLineage("contoso.com", renewal, b"", Secret(b""), account() if known else None)
    return plan_lineage(lineage, NAMES, key)


def test_a_renewal_file_is_read_as_certbot_reads_it() -> None:
    text = 'a = 1\n\n[renewalparams]\nb = "two, three"\n[[webroot_map]]\ncontoso.com = /var/www\n[other]\nc = 3\n'
    found = parse_renewal_file(text, "x")
    assert found.top == {"a": "1"}
    assert found.params == {"b": "two, three"}
    assert found.webroots == {"contoso.com": "/var/www"}
    with pytest.raises(MaterialError, match=r"x\.conf:2"):
        parse_renewal_file("a = 1\nnonsense\n", "x")


def test_standalone_becomes_a_responder_of_our_own() -> None:
    made = plan("authenticator = standalone\nreuse_key = True\n", top="renew_before_expiry = 20 days\n")
    request = made.request
    assert made.findings == ()
    assert (request.certificate.name, request.certificate.friendly_name) == ("contoso.com", "contoso.com")
    assert (request.certificate.key_algorithm, request.certificate.bit_length) == ("ecdsa", 256)
    assert request.certificate.reuse_key
    assert request.topology.access_edge == "sip.contoso.com"
    assert request.topology.additional_names == ("contoso.com",)
    issuer = request.issuer
    assert (issuer.kind, issuer.directory, issuer.account) == ("acme", SERVER, "certbot-45d7e1a6")
    assert (issuer.email, issuer.accept_terms, issuer.profile) == ("pki@contoso.com", True, "")
    assert issuer.challenges == (ChallengeOptions(type="http-01", listen="0.0.0.0:80"),)
    assert request.renewal.renew_before == "20d"


def test_address_port_and_profile_are_kept() -> None:
    request = plan(
        "authenticator = standalone\nhttp01_address = ::1\nhttp01_port = 8080\npreferred_profile = tlsserver\n"
    )
    assert request.request.issuer.challenges[0].listen == "[::1]:8080"
    assert request.request.issuer.profile == "tlsserver"
    assert request.request.renewal.renew_before == "auto"


def test_one_webroot_is_for_all_names_and_several_each_for_their_own() -> None:
    one = plan("authenticator = webroot\nwebroot_path = /var/www,\n")
    assert one.request.issuer.challenges == (ChallengeOptions(type="http-01", webroot="/var/www"),)
    several = plan("authenticator = webroot\n[[webroot_map]]\ncontoso.com = /a\nsip.contoso.com = /b\n")
    assert [(each.names, each.webroot) for each in several.request.issuer.challenges] == [
        (("contoso.com",), "/a"),
        (("sip.contoso.com",), "/b"),
    ]
    part = plan("authenticator = webroot\n[[webroot_map]]\ncontoso.com = /a\n")
    assert part.request.issuer.challenges[0].names == ("contoso.com",)
    assert "no webroot for sip.contoso.com" in part.findings[0].message


def test_manual_hooks_for_dns_are_run_as_certbot_ran_them() -> None:
    made = plan(
        "authenticator = manual\npref_challs = dns-01,\nmanual_auth_hook = /opt/add\nmanual_cleanup_hook = /opt/del\n"
    )
    (challenge,) = made.request.issuer.challenges
    assert (challenge.type, challenge.provider) == ("dns-01", "command")
    assert challenge.command[:5] == ("env", "AUTH=/opt/add", "CLEANUP=/opt/del", "sh", "-c")
    assert [(finding.code, finding.severity) for finding in made.findings] == [("certbot-hook", Severity.INFO)]


@pytest.mark.parametrize(
    ("params", "hint"),
    [
        ("authenticator = nginx\ninstaller = nginx\n", "document root"),
        ("authenticator = dns-cloudflare\n", "by a command of yours"),
        ("authenticator = manual\nmanual_auth_hook = /opt/x\n", "http-01 with listen"),
        ("", "http-01 with listen"),
    ],
)
def test_what_has_no_counterpart_is_said_with_what_to_do(params: str, hint: str) -> None:
    made = plan(params)
    assert made.request.issuer.challenges == ()
    found = {finding.code: finding for finding in made.findings}
    assert "it cannot be renewed yet" in found["certbot-not-mapped"].message
    assert hint in found["certbot-not-mapped"].hint
    assert ("certbot-hook" in found) is ("installer" in params)


def test_hooks_and_options_that_end_are_said() -> None:
    made = plan(
        "authenticator = standalone\nrenew_hook = systemctl reload prosody\npre_hook = None\nmust_staple = True\n"
        "autorenew = False\n"
    )
    messages = " ".join(finding.message for finding in made.findings)
    for words in ("renew-hook is not run", "must-staple", "told not to renew"):
        assert words in messages
    assert "pre-hook" not in messages
    assert 'reload_command = ["sh", "-c", "systemctl reload prosody"]' in made.findings[-1].hint


def test_without_an_account_the_terms_are_to_be_agreed_to_again() -> None:
    made = plan("authenticator = standalone\n", known=False)
    assert (made.request.issuer.account, made.request.issuer.accept_terms) == ("default", False)
    assert "accept_terms=true" in made.findings[0].hint


@pytest.mark.parametrize(
    ("params", "key", "expected"),
    [
        ("key_type = rsa\n", ("rsa", 3072), ("rsa", 3072)),
        ("key_type = rsa\nrsa_key_size = 4096\n", ("ecdsa", 256), ("rsa", 4096)),
        ("key_type = ecdsa\n", ("rsa", 2048), ("ecdsa", 0)),
        ("key_type = ecdsa\nelliptic_curve = secp384r1\n", ("ecdsa", 256), ("ecdsa", 384)),
        ("", ("ecdsa", 521), ("ecdsa", 0)),
    ],
)
def test_the_next_key_is_of_the_kind_that_was_asked_for(
    params: str, key: tuple[str, int], expected: tuple[str, int]
) -> None:
    made = plan(f"authenticator = standalone\n{params}", key=key)
    assert (made.request.certificate.key_algorithm, made.request.certificate.bit_length) == expected
    assert bool(made.findings) is (key[1] == 521)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("contoso.com", "contoso.com"),
        ("Contoso.COM-0001", "contoso.com-0001"),
        ("*.contoso.com", "wildcard.contoso.com"),
    ],
)
def test_names_are_ours(theirs: str, ours: str) -> None:
    assert lineage_name(theirs) == ours


def test_an_account_is_named_after_certbots() -> None:
    assert account_name(account()) == "certbot-45d7e1a6"
    assert account_name(None) == "default"
    assert server_path(SERVER) == "acme-v02.api.letsencrypt.org/directory"
    assert server_path("nonsense") == ""
