"""``gateway.toml``: declared once as frozen dataclasses, read and checked as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from edgecert.shared.binding import KeyProblem
from edgecert.shared.configfile import bind, load_document, read_secret_file
from edgecert.shared.option import option
from gateway.errors import AddressError
from gateway.model.jid import Jid, parse_domain
from gateway.policy.access import Access
from gateway.xmpp.configs import StreamLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgecert.shared.secret import Secret

MAX_PORT: Final = 65535
INBOUND_PATIENCE: Final = 4
"""How many times as long as our own idle streams a partner's live: closing them is the partner's part."""


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """``[gateway]``: where it keeps and serves things."""

    state_dir: str = option("/var/lib/edgecert-gateway", help="material, partners; private to the gateway", path=True)
    control: str = option(
        "/run/edgecert-gateway/control.sock", help="socket of 0600 for swap, partners and everything else", path=True
    )
    status: str = option(
        "/run/edgecert-gateway/status.sock", help="socket of 0660 for read-only calls, health, metrics", path=True
    )
    certificates: tuple[str, ...] = option(
        (), help="lineages in order of preference, the first without SNI; empty = all that were pushed, by name"
    )
    certificate_dir: str = option(
        "", help="take PEM files from this directory, which another client writes, instead of pushed ones", path=True
    )
    kek_file: str = option(
        "",
        help="key that wraps stored private keys; empty = the systemd credential or /etc/edgecert-gateway/kek",
        path=True,
    )
    dialback_secret_file: str = option("", help="secret of server dialback; empty = made on first use", path=True)
    event_loop: Literal["auto", "asyncio", "uvloop"] = option(
        "auto",
        help="what waits for the network; auto: uvloop if it is installed (edgecert[uvloop]), else Python's asyncio",
        choices=("auto", "asyncio", "uvloop"),
    )
    log_message_bodies: bool = option(
        False, help="with serve -vv, log whole stanzas, for finding faults; private talk ends up in the log"
    )


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """``[listen]``: addresses as host:port, IPv6 as [::1]:port."""

    s2s: tuple[str, ...] = option(("0.0.0.0:5269", "[::]:5269"), help="server-to-server with STARTTLS")
    s2s_direct_tls: tuple[str, ...] = option((), help="server-to-server with direct TLS (XEP-0368)")
    http01: str = option("", help="answers ACME http-01 for edgecert")
    metrics: str = option("", help="Prometheus metrics and health over HTTP")


@dataclass(frozen=True, slots=True)
class ResolverOptions:
    """``[resolver]``: how partners are found."""

    nameservers: tuple[str, ...] = option((), help="addresses, with :port if not 53; empty = the system's")
    dnssec_trusted: bool = option(False, help="believe the AD bit; of a resolver on loopback only")
    allow_private_targets: bool = option(False, help="dial partners on loopback and private addresses")


@dataclass(frozen=True, slots=True)
class TrustOptions:
    """``[trust]``: whose certificates prove a partner."""

    ca_file: str = option("", help="PEM file of roots; empty = the system's", path=True)


@dataclass(frozen=True, slots=True)
class LimitOptions:
    """``[limits]``: times in seconds, sizes in octets."""

    connection_limit: int = option(1000, help="connections in all", minimum=1)
    partner_connection_limit: int = option(20, help="authenticated inbound streams of one partner", minimum=1)
    unauthenticated_per_address: int = option(
        10, help="connections of one address (IPv6: of one /64) before authentication", minimum=1
    )
    keep_alive_interval: int = option(300, help="probe a stream that was silent this long", minimum=1)
    stream_establishment_timeout: int = option(60, help="a stream must be authenticated by then", minimum=1)
    stream_inactivity_timeout: int = option(600, help="close our own stream that carried nothing this long", minimum=1)
    subscription_refresh_interval: int = option(
        28800, help="ask partners anew for the presence that home users subscribe to", minimum=60
    )
    # XEP-0205: no stanza of RFC 6120 may be refused below 10000 octets.
    max_stanza_size: int = option(262_144, help="largest stanza; before authentication 10000", minimum=10_000)


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """``[access]``: who of our users may federate."""

    allow_federated_users: bool = option(True, help="let home users federate")
    allow_xmpp: bool = option(True, help="let home users talk to XMPP partners")
    users: dict[str, bool] = option(factory=dict, help="exceptions by bare JID")


@dataclass(frozen=True, slots=True)
class Home:
    """One ``[[home]]``: a domain of ours and how its home system is reached."""

    domain: str = option("", help="the domain", required=True)
    connector: Literal["component"] = option(
        "component", help="component: the home system connects here as an XEP-0114 component", choices=("component",)
    )
    listen: str = option("127.0.0.1:5347", help="where it connects; several homes may share it")
    insecure_ok: bool = option(False, help="allow listen off loopback: the protocol is not encrypted")
    secret_file: str = option("", help="file of 0600 with the component's secret", path=True, required=True)
    consent: Literal["home", "gateway"] = option(
        "home", help="who answers presence subscriptions", choices=("home", "gateway")
    )

    def read_secret(self) -> Secret:
        """Give the component's secret.

        Raises:
            PermissionDeniedError: the file is open to others, or closed to us.
            UsageError: it is not there, empty or no secret.
        """
        return read_secret_file(Path(self.secret_file))


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """All of ``gateway.toml``."""

    gateway: GatewayOptions = option(factory=GatewayOptions, help="where things are kept and served")
    listen: ListenOptions = option(factory=ListenOptions, help="addresses to listen on")
    resolver: ResolverOptions = option(factory=ResolverOptions, help="how partners are found")
    trust: TrustOptions = option(factory=TrustOptions, help="whose certificates prove a partner")
    limits: LimitOptions = option(factory=LimitOptions, help="how much is too much")
    access: AccessOptions = option(factory=AccessOptions, help="who of our users may federate")
    home: tuple[Home, ...] = option((), help="the domains that are ours")

    @property
    def home_domains(self) -> tuple[str, ...]:
        """The home domains, prepared, in the order of the file."""
        return tuple(parse_domain(home.domain) for home in self.home)

    @property
    def database(self) -> Path:
        """Where the database is."""
        return Path(self.gateway.state_dir) / "gateway.db"

    @property
    def stream_limits(self) -> StreamLimits:
        """What a stream may ask of the parser."""
        idle = INBOUND_PATIENCE * self.limits.stream_inactivity_timeout
        return StreamLimits(max_stanza_size=self.limits.max_stanza_size, idle_seconds=idle)

    @property
    def access_policy(self) -> Access:
        """Who of our users may federate."""
        users = {str(Jid.parse(user).bare): allowed for user, allowed in self.access.users.items()}
        return Access(self.access.allow_federated_users, self.access.allow_xmpp, users)


def load_gateway_settings(path: Path) -> GatewaySettings:
    """Give the settings of ``gateway.toml``; relative paths count from its directory.

    Raises:
        ConfigError: with every problem of the file as ``file:line: key: what``.
    """
    return bind(GatewaySettings, load_document(path), rules=check_settings)


def parse_address(text: str, default_port: int = 0) -> tuple[str, int]:
    """Give host and port of ``host:port`` or ``[v6]:port``; the host is an IP address or ``localhost``.

    Raises:
        ValueError: it is none, with the reason.
    """
    host, port = _split_address(text, default_port)
    if host != "localhost":
        host = str(ip_address(host))
    if not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
        message = f"{port!r} is no port"
        raise ValueError(message)
    return host, int(port)


def _split_address(text: str, default_port: int) -> tuple[str, str]:
    fallback = str(default_port) if default_port else ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest[1:] if rest.startswith(":") else fallback
    if text.count(":") > 1:  # a bare IPv6 address
        return text, fallback
    host, _, port = text.partition(":")
    return host, port or fallback


def is_loopback(host: str) -> bool:
    """Whether ``host``, as :func:`parse_address` gives it, is reached from this machine only."""
    return host == "localhost" or ip_address(host).is_loopback


def check_settings(settings: GatewaySettings) -> Iterator[KeyProblem]:
    """Give what is wrong across the keys of ``settings``."""
    yield from _check_listen(settings.listen)
    yield from _check_ports(settings)
    yield from _check_resolver(settings.resolver)
    yield from _check_gateway(settings.gateway)
    yield from _check_access(settings.access, {_prepared(home.domain) for home in settings.home})
    yield from _check_homes(settings.home)


def _check_address(key: str, text: str, default_port: int = 0) -> Iterator[KeyProblem]:
    try:
        parse_address(text, default_port)
    except ValueError as error:
        yield KeyProblem(key, f"{text!r} is not an address such as 127.0.0.1:5269 or [::1]:5269: {error}")


def _check_listen(listen: ListenOptions) -> Iterator[KeyProblem]:
    for key, addresses in (("s2s", listen.s2s), ("s2s_direct_tls", listen.s2s_direct_tls)):
        for address in addresses:
            yield from _check_address(f"listen.{key}", address)
    for key, address in (("http01", listen.http01), ("metrics", listen.metrics)):
        if address:
            yield from _check_address(f"listen.{key}", address)
    shared = set(listen.s2s) & set(listen.s2s_direct_tls)
    if shared:
        yield KeyProblem(
            "listen.s2s_direct_tls", f"{', '.join(sorted(shared))} is in listen.s2s too; one port speaks one way"
        )


def _check_resolver(resolver: ResolverOptions) -> Iterator[KeyProblem]:
    for nameserver in resolver.nameservers:
        yield from _check_address("resolver.nameservers", nameserver, 53)
    if resolver.dnssec_trusted and not all(_is_loopback_text(text) for text in resolver.nameservers or ("",)):
        message = "needs nameservers on loopback: the AD bit says nothing when it came over a network"
        yield KeyProblem("resolver.dnssec_trusted", message)


def _is_loopback_text(text: str) -> bool:
    try:
        return is_loopback(parse_address(text, 53)[0])
    except ValueError:
        return False


def _check_gateway(gateway: GatewayOptions) -> Iterator[KeyProblem]:
    for key in ("state_dir", "control", "status"):
        if not getattr(gateway, key):
            yield KeyProblem(f"gateway.{key}", "is empty; leave the key out for the default")
    if gateway.control and gateway.control == gateway.status:
        yield KeyProblem("gateway.status", "is the control socket; they need a file each")
    if gateway.certificate_dir and gateway.certificates:
        yield KeyProblem("gateway.certificates", "chooses among pushed lineages, and certificate_dir replaces pushing")
    if len(set(gateway.certificates)) != len(gateway.certificates):
        yield KeyProblem("gateway.certificates", "names a lineage twice")
    if gateway.event_loop == "uvloop" and find_spec("uvloop") is None:
        message = "uvloop is not installed; install edgecert[uvloop] into this environment, or leave the key out"
        yield KeyProblem("gateway.event_loop", message)


def _check_ports(settings: GatewaySettings) -> Iterator[KeyProblem]:
    """Give where two listeners would want one port; homes may share theirs, ``s2s`` and direct TLS are told apart."""
    listen = settings.listen
    wanted = [("listen.s2s", address) for address in dict.fromkeys((*listen.s2s, *listen.s2s_direct_tls))]
    wanted += [("listen.http01", listen.http01), ("listen.metrics", listen.metrics)]
    wanted += [("home.listen", address) for address in dict.fromkeys(home.listen for home in settings.home)]
    seen: dict[tuple[str, int], str] = {}
    for key, text in wanted:
        try:
            host, port = parse_address(text)
        except ValueError:
            continue  # empty, or reported as that
        place = ("127.0.0.1" if host == "localhost" else host, port)
        if place in seen:
            yield KeyProblem(key, f"{text} is {seen[place]} already; one port has one listener")
        seen.setdefault(place, f"{key} {text}")


def _check_access(access: AccessOptions, homes: set[str]) -> Iterator[KeyProblem]:
    for user in access.users:
        try:
            jid = Jid.parse(user)
        except AddressError as error:
            yield KeyProblem("access.users", error.message)
        else:
            if not jid.local or jid.resource:
                yield KeyProblem("access.users", f"{user!r} is not a bare JID such as dave@contoso.com")
            elif jid.domain not in homes:
                yield KeyProblem("access.users", f"{user} is of no [[home]]: an exception for it would hold for nobody")


def _check_homes(homes: tuple[Home, ...]) -> Iterator[KeyProblem]:
    if not homes:
        yield KeyProblem("home", "at least one [[home]] is needed: the domains that are ours")
    seen: set[str] = set()
    for number, home in enumerate(homes):
        for check in _HOME_CHECKS:
            for problem in check(home):
                yield KeyProblem(f"home[{number}].{problem.key}", problem.message)
        domain = _prepared(home.domain)
        if domain and domain in seen:
            yield KeyProblem(f"home[{number}].domain", f"{domain} is a home already; each domain has one home system")
        seen.add(domain)


def _prepared(text: str) -> str:
    try:
        return parse_domain(text)
    except AddressError:
        return ""


def _check_home_domain(home: Home) -> Iterator[KeyProblem]:
    if not home.domain:
        return  # missing, and reported as that
    try:
        parse_domain(home.domain)
    except AddressError as error:
        yield KeyProblem("domain", error.message)


def _check_home_listen(home: Home) -> Iterator[KeyProblem]:
    try:
        host, _port = parse_address(home.listen)
    except ValueError as error:
        yield KeyProblem("listen", f"{home.listen!r} is not an address such as 127.0.0.1:5347: {error}")
        return
    if not home.insecure_ok and not is_loopback(host):
        message = (
            f"{home.listen} is off loopback and the component protocol is not encrypted; insecure_ok = true allows it"
        )
        yield KeyProblem("listen", message)


_HOME_CHECKS: Final[tuple[Callable[[Home], Iterator[KeyProblem]], ...]] = (_check_home_domain, _check_home_listen)


def warn_settings(settings: GatewaySettings) -> tuple[str, ...]:
    """Give what an administrator should know of ``settings`` that are right and may not be meant."""
    warnings = []
    if settings.gateway.log_message_bodies:
        warnings.append("gateway.log_message_bodies is on: with serve -vv private talk ends up in the log")
    if not settings.listen.s2s and not settings.listen.s2s_direct_tls:
        warnings.append("listen.s2s and listen.s2s_direct_tls are empty: no partner can connect")
    return tuple(warnings)
