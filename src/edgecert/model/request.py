"""The frozen request: everything that decides which certificate is made, by whom, and where it goes.

These dataclasses are the schema of the flags file. Each key is declared once, here, with its default and its help;
validation, command-line flags, the JSON schema and the reference page are read from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from edgecert.shared.option import option

NAME_PATTERN: Final = r"[a-z0-9][a-z0-9._-]{0,63}"

Role = Literal["external-edge", "internal-edge"]
KeyAlgorithm = Literal["rsa", "ecdsa"]
IssuerKind = Literal["acme", "csr", "local"]
TargetKind = Literal["gateway", "files"]
Layout = Literal["pem-files", "combined", "per-domain"]
ChallengeType = Literal["http-01", "dns-01", "tls-alpn-01", "dns-persist-01"]
ChallengeProvider = Literal["", "rfc2136", "command", "manual"]

BIT_LENGTHS: Final[dict[str, tuple[int, ...]]] = {"rsa": (2048, 3072, 4096), "ecdsa": (256, 384)}


@dataclass(frozen=True, slots=True)
class CertificateOptions:
    """``[certificate]``: the lineage and its key."""

    name: str = option(
        "", help="the lineage: lower-case letters, digits, dot, hyphen, underscore", pattern=NAME_PATTERN, required=True
    )
    friendly_name: str = option("", help="what people call this certificate; also inside an exported PKCS#12")
    role: Role = option(
        "external-edge",
        help="which side of the edge the certificate is for",
        choices=("external-edge", "internal-edge"),
    )
    key_algorithm: KeyAlgorithm = option("rsa", help="algorithm of the key", choices=("rsa", "ecdsa"))
    bit_length: int = option(
        0, help="rsa: 2048, 3072, 4096; ecdsa: 256, 384; 0 = 2048 or 256", choices=(0, 2048, 3072, 4096, 256, 384)
    )
    exportable: bool = option(True, help="whether `export` may hand out the key; false keeps it wrapped on disk")
    reuse_key: bool = option(False, help="keep the key at renewal instead of making a new one")
    client_auth: bool = option(False, help="also ask for extended key usage clientAuth (csr and local)")
    xmpp_identifiers: bool = option(False, help="add SRVName and xmppAddr for each XMPP domain (csr and local)")
    template: str = option("", help="AD CS certificate template name (csr)")

    @property
    def bits(self) -> int:
        """The bit length asked for, defaults filled in."""
        return self.bit_length or BIT_LENGTHS[self.key_algorithm][0]


@dataclass(frozen=True, slots=True)
class Subject:
    """``[subject]``: the subject's attributes beside the common name; a public CA takes none of them."""

    organization: str = option("", help="organization (O)")
    organizational_unit: str = option("", help="organizational unit (OU)")
    country: str = option("", help="two-letter country code (C)", pattern="[A-Za-z]{2}")
    state: str = option("", help="state or province (ST)")
    locality: str = option("", help="city (L)")


@dataclass(frozen=True, slots=True)
class Topology:
    """``[topology]``: the edge and its domains, from which the names follow."""

    access_edge: str = option("", help="FQDN of the access edge")
    internal_fqdn: str = option("", help="FQDN of the internal interface (role internal-edge)")
    web_conferencing: str = option("", help="FQDN of the web conferencing edge")
    sip_domains: tuple[str, ...] = option((), help="SIP domains; each adds sip.<domain>")
    xmpp_domains: tuple[str, ...] = option((), help="XMPP domains; each is a name itself")
    additional_names: tuple[str, ...] = option((), help="further DNS names or IP addresses")


@dataclass(frozen=True, slots=True)
class ChallengeOptions:
    """``[[issuer.challenges]]``: how an ACME CA is shown that names are ours; the first entry for a name counts."""

    names: tuple[str, ...] = option(
        (), help="the names it is for, each as planned (a wildcard with its `*.`); none: all names"
    )
    type: ChallengeType = option(
        "http-01",
        help="the challenge that is answered",
        choices=("http-01", "dns-01", "tls-alpn-01", "dns-persist-01"),
    )
    listen: str = option(
        "", help="http-01, tls-alpn-01: where edgecert answers by itself, such as 0.0.0.0:80, [::]:80 or 0.0.0.0:443"
    )
    webroot: str = option("", help="http-01: document root of a web server that runs already", path=True)
    gateway: bool = option(False, help="http-01: the gateway answers, on the address of its listen.http01")
    control: str = option(
        "", help="http-01: control socket of that gateway; default: that of the gateway it is deployed to", path=True
    )
    provider: ChallengeProvider = option(
        "",
        help="dns-01: who publishes the record; rfc2136: edgecert, by DNS update; command: a program of yours; "
        "manual: a person",
        choices=("", "rfc2136", "command", "manual"),
    )
    server: str = option("", help="dns-01 by rfc2136: the zone's primary server, address or address:port")
    tsig_name: str = option("", help="dns-01 by rfc2136: name of the TSIG key, where its file does not say it")
    tsig_algorithm: str = option(
        "", help="dns-01 by rfc2136: algorithm of the TSIG key; default: as its file says, else hmac-sha256"
    )
    tsig_secret_file: str = option(
        "", help="dns-01 by rfc2136: file with the TSIG key, readable by its owner only", path=True
    )
    nameservers: tuple[str, ...] = option(
        (), help="dns-01, dns-persist-01: resolvers that are asked, address or address:port; default: the system's"
    )
    propagation_timeout: str = option(
        "2m", help="dns-01 by rfc2136: how long every server of the zone may take to show the record", duration=True
    )
    command: tuple[str, ...] = option(
        (), help="dns-01: program and arguments; `present NAME VALUE` or `clean-up NAME VALUE` is added"
    )
    command_timeout: str = option(
        "2m", help="dns-01: how long the command may take until the record can be seen", duration=True
    )


@dataclass(frozen=True, slots=True)
class IssuerOptions:
    """``[issuer]``: who signs."""

    kind: IssuerKind = option(
        "local",
        help="acme: a CA that speaks ACME; local: the built-in CA; csr: a person carries a CSR to a CA",
        choices=("acme", "csr", "local"),
    )
    request_file: str = option("", help="csr: where the CSR is written", path=True)
    validity: str = option("90d", help="local: how long a certificate lives", duration=True)
    unconstrained: bool = option(False, help="local: make the CA without name constraints")
    directory: str = option("", help="acme: URL of the CA's directory", pattern=r"https://\S+")
    directory_ca_file: str = option(
        "",
        help="acme: PEM file with the CA that the directory's own certificate is from; default: the system's",
        path=True,
    )
    account: str = option(
        "default", help="acme: which account at the directory; each has a key of its own", pattern=NAME_PATTERN
    )
    email: str = option("", help="acme: address for the CA's notices; optional", pattern=r"[^@\s,?]+@[^@\s,?]+")
    accept_terms: bool = option(False, help="acme: you have read the CA's terms of service and agree")
    eab_kid: str = option("", help="acme: key identifier of an external account binding")
    eab_hmac_key_file: str = option(
        "", help="acme: file with the binding's key (base64url), readable by its owner only", path=True
    )
    profile: str = option("", help="acme: the certificate profile asked for; default: the CA's choice")
    challenges: tuple[ChallengeOptions, ...] = option((), help="acme: how names are proven; the first match counts")


@dataclass(frozen=True, slots=True)
class RenewalOptions:
    """``[renewal]``: when and who is told."""

    renew_before: str = option(
        "auto", help='how long before the end to renew: "auto" or a duration', pattern=r"auto|\d+[smhdw]"
    )
    notify_command: tuple[str, ...] = option(
        (), help="program and arguments that are told of failures and reminders, JSON on stdin"
    )


@dataclass(frozen=True, slots=True)
class DeployTarget:
    """``[[deploy]]``: one place where the certificate is served."""

    name: str = option("", help="name of the target", pattern=NAME_PATTERN, required=True)
    kind: TargetKind = option(
        "gateway",
        help="gateway: over its control socket; files: PEM files and a reload command",
        choices=("gateway", "files"),
    )
    control: str = option("/run/edgecert-gateway/control.sock", help="gateway: its control socket", path=True)
    user: str = option("", help="gateway: the user it must run as; default: the owner of the socket's directory")
    directory: str = option("", help="files: directory to write into", path=True)
    layout: Layout = option(
        "pem-files",
        help="files: one file each, key and chain combined, or a pair per domain",
        choices=("pem-files", "combined", "per-domain"),
    )
    cert_file: str = option("fullchain.pem", help="files: name of the certificate file (leaf and chain)")
    key_file: str = option("privkey.pem", help="files: name of the key file")
    combined_file: str = option("combined.pem", help="files: name of the file of layout combined")
    owner: str = option("", help="files: user[:group] that owns the files")
    mode: str = option("0600", help="files: mode of the key file", pattern="0[0-7]{3}")
    reload_command: tuple[str, ...] = option(
        (), help="files: program and arguments that make the service read the files again"
    )
    reload_timeout: str = option("30s", help="files: how long the reload command may take", duration=True)
    plaintext_key: bool = option(False, help="files: allow a key that is not exportable to be written in the clear")
    verify: tuple[str, ...] = option(
        (), help="addresses asked after a deploy: xmpp-s2s://host:port, xmpps-s2s://host:port, tls://host:port"
    )


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """The whole flags file, frozen and complete: what ``plan``, ``request``, ``issue`` and ``apply`` work on."""

    version: int = option(1, help="version of this file format", choices=(1,))
    certificate: CertificateOptions = option(factory=CertificateOptions, help="the lineage and its key")
    subject: Subject = option(factory=Subject, help="subject attributes")
    topology: Topology = option(factory=Topology, help="the edge and its domains")
    issuer: IssuerOptions = option(factory=IssuerOptions, help="who signs")
    renewal: RenewalOptions = option(factory=RenewalOptions, help="when to renew")
    deploy: tuple[DeployTarget, ...] = option((), help="where the certificate is served")
