from __future__ import annotations

import ipaddress
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from edgecert.shared.errors import ExitCode, MaterialError
from edgecert.shared.names import (
    SRV_NAME_OID,
    XMPP_ADDR_OID,
    DnsName,
    GeneralName,
    IpName,
    NameProblem,
    SrvName,
    XmppAddr,
    from_certificate,
    normalise_domain,
    parse_name,
    to_general_name,
    to_unicode,
)

LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("contoso.com", "contoso.com"),
        ("CONTOSO.Com.", "contoso.com"),
        ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER。example", "xn--bcher-kva.example"),
        ("faß.de", "xn--fa-hia.de"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("1and1.com", "1and1.com"),
        ("a" * 63 + ".com", "a" * 63 + ".com"),
        (LONGEST, LONGEST),
        (LONGEST + ".", LONGEST),
    ],
)
def test_normalises_case_dot_and_u_labels(text: str, domain: str) -> None:
    assert normalise_domain(text) == domain


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "name-empty"),
        (".", "name-empty"),
        ("a..b", "empty-label"),
        (".contoso.com", "empty-label"),
        ("contoso.com..", "empty-label"),
        ("\N{SOFT HYPHEN}", "empty-label"),
        ("a" * 64 + ".com", "label-too-long"),
        ("ü" * 60 + ".com", "label-too-long"),
        (LONGEST + "e", "name-too-long"),
        ("ab." * 500 + "com", "name-too-long"),
        ("_xmpp-server._tcp.contoso.com", "underscore"),
        ("xn--zzzz.com", "bad-a-label"),
        ("xn--.com", "name-malformed"),
        ("xn---bbk.com", "bad-a-label"),  # a second spelling of the Punycode of xn--bbk
        ("a\N{LINE SEPARATOR}b.com", "bad-u-label"),
        ("xn--abc-.com", "name-malformed"),
        ("ab--cd.com", "bad-a-label"),
        ("☃.example", "bad-u-label"),
        ("a\N{ZERO WIDTH JOINER}b.example", "bad-u-label"),
        ("*.contoso.com", "wildcard-not-allowed"),
        ("sip:contoso.com", "uri-where-name"),
        ("https://contoso.com/", "uri-where-name"),
        ("contoso.com/path", "uri-where-name"),
        ("juliet@contoso.com", "address-where-name"),
        ("contoso.com:5269", "address-where-name"),
        ("192.0.2.1", "ip-where-name"),
        ("2001:db8::1", "ip-where-name"),
        ("[2001:db8::1]", "ip-where-name"),
        ("192.0.2.01", "ip-where-name"),
        ("１２７.0.0.1", "ip-where-name"),  # noqa: RUF001  # full-width digits map to plain ones
        (" contoso.com", "name-malformed"),
        ("contoso.com\n", "name-malformed"),
        ("contoso.com\0.evil.example", "name-malformed"),
        ("-a.com", "name-malformed"),
        ("a-.com", "name-malformed"),
    ],
)
def test_says_in_which_way_a_text_is_no_domain(text: str, code: str) -> None:
    with pytest.raises(NameProblem) as caught:
        normalise_domain(text)
    assert caught.value.code == code
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("*.Contoso.com", DnsName("*.contoso.com")),
        ("sip.contoso.com.", DnsName("sip.contoso.com")),
        ("192.0.2.1", IpName("192.0.2.1")),
        ("2001:DB8:0:0::1", IpName("2001:db8::1")),
    ],
)
def test_parses_names_addresses_and_wildcards(text: str, name: DnsName | IpName) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("*.*.contoso.com", "bad-wildcard"),
        ("f*.contoso.com", "bad-wildcard"),
        ("im.*.contoso.com", "bad-wildcard"),
        ("*", "bad-wildcard"),
        ("*.", "name-empty"),
        ("*." + LONGEST, "name-too-long"),
        ("fe80::1%eth0", "name-malformed"),
        ("*.192.0.2.1", "ip-where-name"),
    ],
)
def test_refuses_what_is_no_name_to_certify(text: str, code: str) -> None:
    with pytest.raises(NameProblem) as caught:
        parse_name(text)
    assert caught.value.code == code


def test_people_read_u_labels() -> None:
    assert to_unicode("*.xn--bcher-kva.example") == "*.bücher.example"
    assert to_unicode("xn--zzzz.example") == "xn--zzzz.example"
    assert to_unicode("contoso.com") == "contoso.com"


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        (DnsName("contoso.com"), "dns", "contoso.com"),
        (IpName("192.0.2.1"), "ip", "192.0.2.1"),
        (SrvName("xmpp-server", "contoso.com"), "srv", "_xmpp-server.contoso.com"),
        (XmppAddr("contoso.com"), "xmpp", "contoso.com"),
    ],
)
def test_each_kind_says_its_kind_and_text(name: GeneralName, kind: str, text: str) -> None:
    assert (name.kind, name.text) == (kind, text)


def test_wildcard_and_domain_of_a_dns_name() -> None:
    assert DnsName("*.contoso.com").is_wildcard
    assert DnsName("*.contoso.com").domain == "contoso.com"
    assert not DnsName("contoso.com").is_wildcard


def certificate_with(*names: x509.GeneralName) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    return builder.sign(key, hashes.SHA256())


def other_name(oid: str, der: bytes) -> x509.OtherName:
    return x509.OtherName(x509.ObjectIdentifier(oid), der)


def test_names_survive_the_way_through_a_certificate() -> None:
    names: tuple[GeneralName, ...] = (
        DnsName("sip.contoso.com"),
        DnsName("*.contoso.com"),
        IpName("2001:db8::1"),
        SrvName("xmpp-server", "contoso.com"),
        XmppAddr("xn--bcher-kva.example"),
        XmppAddr(LONGEST),  # its DER needs the long form of the length
    )
    assert from_certificate(certificate_with(*map(to_general_name, names))) == names


def test_other_names_are_encoded_as_the_rfcs_say() -> None:
    # RFC 4985 §2: IA5String; RFC 6120 §13.7.1.4: UTF8String, with U-labels by RFC 7622 §3.2.
    srv = to_general_name(SrvName("xmpp-server", "contoso.com"))
    assert srv == other_name(SRV_NAME_OID, b"\x16\x18_xmpp-server.contoso.com")
    xmpp = to_general_name(XmppAddr("xn--bcher-kva.example"))
    assert xmpp == other_name(XMPP_ADDR_OID, b"\x0c\x0fb\xc3\xbccher.example")


def test_a_csr_presents_names_too() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("contoso.com")]), critical=True)
        .sign(key, hashes.SHA256())
    )
    assert from_certificate(csr) == (DnsName("contoso.com"),)


def test_a_certificate_without_names_presents_none() -> None:
    assert from_certificate(certificate_with()) == ()


def test_skips_unknown_kinds_and_broken_values() -> None:
    certificate = certificate_with(
        x509.UniformResourceIdentifier("sip:contoso.com"),
        x509.RFC822Name("pki@contoso.com"),
        x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")),
        other_name("1.3.6.1.4.1.311.20.2.3", b"\x0c\x01a"),
        other_name(XMPP_ADDR_OID, b"\x30\x00"),
        other_name(XMPP_ADDR_OID, b"\x16\x01a"),
        other_name(XMPP_ADDR_OID, b"\x0c\x01\xff"),
        other_name(SRV_NAME_OID, b"\x16\x03a.b"),
        x509.DNSName("CONTOSO.com"),
    )
    assert from_certificate(certificate) == (DnsName("contoso.com"),)


@pytest.mark.parametrize(
    "text",
    ["juliet@contoso.com", "contoso.com\0.evil.example", "ｃontoso.com"],  # noqa: RUF001  # a full-width c
)
def test_a_malformed_xmpp_addr_equals_no_domain(text: str) -> None:
    raw = text.encode()
    presented = from_certificate(certificate_with(other_name(XMPP_ADDR_OID, bytes((0x0C, len(raw))) + raw)))
    assert presented == (XmppAddr(text),)


@pytest.mark.parametrize(
    "names",
    [
        "3003 8201ff",  # a dNSName of one octet 0xFF, which is no IA5String
        "3002 a300",  # an x400Address, which the library does not read
    ],
)
def test_unreadable_names_are_an_error_of_the_material(names: str) -> None:
    bad = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), bytes.fromhex(names))
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(bad, critical=True)
    with pytest.raises(MaterialError) as caught:
        from_certificate(csr.sign(key, hashes.SHA256()))
    assert caught.value.code == "names-unreadable"


def test_plain_names_load_neither_cryptography_nor_idna() -> None:
    code = (
        "import sys; from edgecert.shared.names import parse_name; parse_name('sip.contoso.com');"
        "sys.exit(bool({'cryptography', 'idna'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
