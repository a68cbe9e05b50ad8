"""The names that a certificate can carry: domains, IP addresses, SRVName and xmppAddr, as checked, comparable values.

Domains are kept as lower-case A-labels without a trailing dot; :func:`to_unicode` gives what people read. The checks
are our own because the certificate library takes ``""``, ``a..b`` and labels of 64 octets without a word.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias, assert_never

from edgecert.shared.errors import EdgecertError, ExitCode, MaterialError

if TYPE_CHECKING:
    from cryptography import x509

MAX_DOMAIN: Final = 253  # RFC 1035 §2.3.4: 255 octets on the wire are 253 characters without the trailing dot
MAX_LABEL: Final = 63
SRV_NAME_OID: Final = "1.3.6.1.5.5.7.8.7"  # id-on-dnsSRV, RFC 4985 §2
XMPP_ADDR_OID: Final = "1.3.6.1.5.5.7.8.5"  # id-on-xmppAddr, RFC 6120 §13.7.1.4
XMPP_SERVER: Final = "xmpp-server"

_TAG_UTF8: Final = 0x0C
_TAG_IA5: Final = 0x16
_LDH: Final = re.compile(r"[a-z0-9-]+")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:(//|[^0-9\[])", re.IGNORECASE)
_PORT: Final = re.compile(r".*:[0-9]*")
_SRV: Final = re.compile(r"_([A-Za-z0-9-]+)\.(.+)")
_UNREADABLE: Final = 4 * MAX_DOMAIN  # a longer text is no name in any script; not worth the mapping

NameKind = Literal["dns", "ip", "srv", "xmpp"]


class NameProblem(EdgecertError):  # noqa: N818  # it is also what a finding of the plan is made from
    """A text is not the name it should be; ``code`` says in which way."""

    code = "name-malformed"
    exit_code = ExitCode.USAGE

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        """Keep the code first: it is what callers decide on."""
        super().__init__(message, code=code, hint=hint)


@dataclass(frozen=True, slots=True)
class DnsName:
    """A dNSName: a domain in A-labels, or ``*.`` and a domain. :func:`parse_name` makes checked ones."""

    value: str
    kind: ClassVar[NameKind] = "dns"

    @property
    def text(self) -> str:
        """The name as it stands in the certificate."""
        return self.value

    @property
    def is_wildcard(self) -> bool:
        """Whether the left-most label is a wildcard."""
        return self.value.startswith("*.")

    @property
    def domain(self) -> str:
        """The domain without the wildcard label."""
        return self.value.removeprefix("*.")


@dataclass(frozen=True, slots=True)
class IpName:
    """An iPAddress, in the canonical text of RFC 5952."""

    value: str
    kind: ClassVar[NameKind] = "ip"

    @property
    def text(self) -> str:
        """The address as text."""
        return self.value


@dataclass(frozen=True, slots=True)
class SrvName:
    """An SRVName (RFC 4985): a service without its underscore, and a domain."""

    service: str
    domain: str
    kind: ClassVar[NameKind] = "srv"

    @property
    def text(self) -> str:
        """The name as it stands in the certificate, such as ``_xmpp-server.contoso.com``."""
        return f"_{self.service}.{self.domain}"


@dataclass(frozen=True, slots=True)
class XmppAddr:
    """An xmppAddr (RFC 6120 §13.7.1.4) of a server: a domain and nothing else."""

    domain: str
    kind: ClassVar[NameKind] = "xmpp"

    @property
    def text(self) -> str:
        """The domain; the same text as the DNS name beside it, told apart by :attr:`kind`."""
        return self.domain


GeneralName: TypeAlias = DnsName | IpName | SrvName | XmppAddr


# --- parsing --------------------------------------------------------------------------------------------------------


def normalise_domain(text: str) -> str:
    """Give the domain that ``text`` names: A-labels, lower case, no trailing dot.

    A single label is a domain, a wildcard or an IP address is none. U-labels are mapped (UTS 46, non-transitional) and
    checked by IDNA 2008; A-labels must decode to a valid U-label and back. What comes back has at most 253 characters,
    in labels of 1 to 63.

    Raises:
        NameProblem: ``text`` is no domain; the code says why.
    """
    _refuse_foreign(text)
    if "*" in text:
        raise NameProblem("wildcard-not-allowed", f"{text!r} has a wildcard where a domain belongs")
    lowered = text.lower() if text.isascii() else _map_unicode(text)
    domain = ".".join(_normalise_label(label, text) for label in lowered.removesuffix(".").split("."))
    if len(domain) > MAX_DOMAIN:
        raise _too_long(text)
    if domain.rpartition(".")[2].isdigit():
        # RFC 3696 §2: a top-level domain is never all numeric, so that an address is never taken for a name.
        raise NameProblem("ip-where-name", f"{text!r} reads like an IP address, a domain belongs here")
    return domain


def parse_name(text: str) -> DnsName | IpName:
    """Give the DNS name (``*.`` allowed in front) or IP address that ``text`` names, normalised.

    Raises:
        NameProblem: it is neither; the code says why.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return _parse_dns_name(text)
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise NameProblem("name-malformed", f"{text!r} has a zone, which means nothing outside this host")
    return IpName(address.compressed)


def to_unicode(domain: str) -> str:
    """Give ``domain`` as people read it, U-labels for valid A-labels; whatever else it has stays as it is."""
    if "xn--" not in domain:
        return domain
    return ".".join(_label_to_unicode(label) for label in domain.split("."))


def _parse_dns_name(text: str) -> DnsName:
    rest = text.removeprefix("*.")
    if "*" in rest:
        message = f"{text!r}: a wildcard is a whole label, the left-most, and there is one at most"
        raise NameProblem("bad-wildcard", message, hint="Write *.contoso.com, or the names themselves.")
    domain = normalise_domain(rest)
    if rest == text:
        return DnsName(domain)
    if len(domain) + 2 > MAX_DOMAIN:
        raise _too_long(text)
    return DnsName(f"*.{domain}")


def _refuse_foreign(text: str) -> None:
    if text in {"", "."}:
        raise NameProblem("name-empty", "a name is empty", hint="Take the empty entry out or fill it in.")
    if len(text) > _UNREADABLE:
        raise _too_long(text[:40] + "…")
    if _is_address(text):
        raise NameProblem("ip-where-name", f"{text!r} is an IP address, a domain belongs here")
    if _URI.match(text) or "/" in text or "?" in text or "#" in text:
        raise NameProblem(
            "uri-where-name", f"{text!r} is a URI", hint="Write the domain alone, without scheme and path."
        )
    if "@" in text or _PORT.fullmatch(text):
        message = f"{text!r} has a user or a port beside the domain"
        raise NameProblem("address-where-name", message, hint="Write the domain alone, without user and port.")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _map_unicode(text: str) -> str:
    import idna  # noqa: PLC0415  # 14 ms that a plan of plain names does not pay

    try:
        return idna.uts46_remap(text, std3_rules=False, transitional=False).lower()
    except idna.IDNAError as exc:
        raise NameProblem("bad-u-label", f"{text!r} has a character that no domain may have: {exc}") from exc


def _normalise_label(label: str, text: str) -> str:
    if not label:
        message = f"{text!r} has an empty label"
        raise NameProblem("empty-label", message, hint="Look for two dots side by side or a dot in front.")
    if not label.isascii():
        label = _to_a_label(label, text)
    if len(label) > MAX_LABEL:
        raise NameProblem("label-too-long", f"{text!r} has a label of {len(label)} octets, {MAX_LABEL} is the most")
    if "_" in label:
        message = f"{text!r} has an underscore, which no host or domain name may have"
        raise NameProblem("underscore", message, hint="SRV owner names such as _xmpp-server._tcp do not belong here.")
    if not _LDH.fullmatch(label) or label.startswith("-") or label.endswith("-"):
        message = f"{text!r} is no name: labels have letters, digits and, not at an end, hyphens"
        raise NameProblem("name-malformed", message)
    if label[2:4] == "--":
        _check_a_label(label, text)
    return label


def _to_a_label(label: str, text: str) -> str:
    import idna  # noqa: PLC0415  # as above

    try:
        if len(label.encode("punycode")) + len("xn--") > MAX_LABEL:
            raise NameProblem(
                "label-too-long", f"{text!r} has a label of more than {MAX_LABEL} octets in its A-label form"
            )
        return idna.alabel(label).decode("ascii")
    except UnicodeError as exc:
        raise NameProblem("bad-u-label", f"{text!r} is not valid in IDNA 2008: {exc}") from exc


def _check_a_label(label: str, text: str) -> None:
    import idna  # noqa: PLC0415  # as above

    if not label.startswith("xn--"):
        # RFC 5890 §2.3.1: R-LDH labels other than A-labels are reserved; public CAs refuse them.
        raise NameProblem("bad-a-label", f"{text!r} has hyphens in third and fourth place but is no A-label")
    try:
        again = idna.alabel(idna.ulabel(label)).decode("ascii")
    except UnicodeError as exc:
        raise NameProblem("bad-a-label", f"{text!r}: {label} is no A-label of IDNA 2008: {exc}") from exc
    if again != label:
        raise NameProblem("bad-a-label", f"{text!r}: {label} should be written {again}")


def _label_to_unicode(label: str) -> str:
    import idna  # noqa: PLC0415  # as above

    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except UnicodeError:
        return label


def _too_long(text: str) -> NameProblem:
    return NameProblem("name-too-long", f"{text!r} is longer than {MAX_DOMAIN} characters")


# --- certificates ---------------------------------------------------------------------------------------------------


def to_general_name(name: GeneralName) -> x509.GeneralName:
    """Give ``name`` as the certificate library's value, ready for a subjectAltName."""
    from cryptography import x509  # noqa: PLC0415  # a plan needs no cryptography

    match name:
        case DnsName(value=value):
            return x509.DNSName(value)
        case IpName(value=value):
            return x509.IPAddress(ipaddress.ip_address(value))
        case SrvName():
            return x509.OtherName(x509.ObjectIdentifier(SRV_NAME_OID), _encode_der(_TAG_IA5, name.text.encode("ascii")))
        case XmppAddr(domain=domain):
            # RFC 7622 §3.2: a domainpart holds U-labels, never A-labels.
            der = _encode_der(_TAG_UTF8, to_unicode(domain).encode())
            return x509.OtherName(x509.ObjectIdentifier(XMPP_ADDR_OID), der)
        case _ as unreachable:
            assert_never(unreachable)


def from_certificate(certificate: x509.Certificate | x509.CertificateSigningRequest) -> tuple[GeneralName, ...]:
    """Give the presented identifiers of a certificate or a CSR in their order; kinds other than the four are skipped.

    Letters are lowered and the U-labels of an xmppAddr become A-labels; nothing else is mended, so that what is
    malformed stays so and equals no checked name.

    Raises:
        MaterialError: the subjectAltName cannot be read (``names-unreadable``).
    """
    from cryptography import x509  # noqa: PLC0415  # as above

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as exc:
        message = f"the names of the certificate cannot be read: {exc}"
        raise MaterialError(
            message, code="names-unreadable", hint="Ask the CA for a certificate that follows RFC 5280."
        ) from exc
    return tuple(name for name in map(_from_general_name, extension.value) if name is not None)


def _from_general_name(name: x509.GeneralName) -> GeneralName | None:
    from cryptography import x509  # noqa: PLC0415  # as above

    match name:
        case x509.DNSName(value=value):
            return DnsName(value.lower())
        case x509.IPAddress(value=ipaddress.IPv4Address() | ipaddress.IPv6Address() as address):
            return IpName(address.compressed)
        case x509.OtherName(type_id=oid, value=der):
            return _from_other_name(oid.dotted_string, der)
        case _:
            return None


def _from_other_name(oid: str, der: bytes) -> SrvName | XmppAddr | None:
    try:
        if oid == XMPP_ADDR_OID:
            return XmppAddr(_presented_domain(_decode_der(_TAG_UTF8, der).decode()))
        if oid == SRV_NAME_OID:
            match = _SRV.fullmatch(_decode_der(_TAG_IA5, der).decode("ascii"))
            return SrvName(match[1].lower(), match[2].lower()) if match else None
    except ValueError:  # a broken value names nothing; UnicodeDecodeError is one of these
        return None
    return None


def _presented_domain(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        # No mapping beyond case here: a CA that signs full-width letters has not signed the name they look like.
        return ".".join(_normalise_label(label, text) for label in text.lower().split("."))
    except NameProblem:
        return text


def _encode_der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:  # X.690 §8.1.3.4: the short form has seven bits
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _decode_der(tag: int, der: bytes) -> bytes:
    """Give the content of the one value that ``der`` is.

    Raises:
        ValueError: it is not exactly one value of ``tag`` in DER.
    """
    for header in (2, 3, 4):
        content = der[header:]
        if der == _encode_der(tag, content):
            return content
    message = "no such value in DER"
    raise ValueError(message)
