"""Which keys a challenge entry of the flags file has, by its type and provider."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from edgecert.model.request import ChallengeOptions, DeployTarget
from edgecert.shared.binding import KeyProblem
from edgecert.shared.names import DnsName, IpName, NameProblem, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgecert.model.request import CertificateRequest, ChallengeType
    from edgecert.shared.names import GeneralName

_LISTEN: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[0-9.]+):(\d{1,5})")
_MAX_PORT: Final = 65535
_PROVIDER_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": (),
    "rfc2136": ("server", "tsig_name", "tsig_algorithm", "tsig_secret_file", "nameservers", "propagation_timeout"),
    "command": ("command", "command_timeout", "nameservers"),
    "manual": ("nameservers",),
}
_TYPE_KEYS: Final[Mapping[ChallengeType, tuple[str, ...]]] = {
    "http-01": ("listen", "webroot", "gateway", "control"),
    "tls-alpn-01": ("listen",),
    "dns-01": ("provider", *dict.fromkeys(key for keys in _PROVIDER_KEYS.values() for key in keys)),
    "dns-persist-01": ("nameservers",),
}
_ALWAYS: Final = ("names", "type")


def check_challenges(request: CertificateRequest) -> Iterator[KeyProblem]:
    """Give what is wrong in the challenge entries of ``request``."""
    gateways = {target.control for target in request.deploy if target.kind == "gateway"}
    for index, challenge in enumerate(request.issuer.challenges):
        path = f"issuer.challenges[{index}]"
        yield from _check_keys(path, challenge)
        yield from _check_names(path, challenge)
        match challenge.type:
            case "http-01":
                yield from _check_http(path, challenge)
            case "tls-alpn-01":
                yield from _check_listen(path, challenge.listen or "0.0.0.0:443")
            case "dns-01":
                yield from _check_dns(path, challenge)
            case "dns-persist-01":
                pass
        yield from _check_nameservers(path, challenge)
        if challenge.gateway and not challenge.control and len(gateways) > 1:
            message = "is required: the certificate goes to several gateways, and one of them answers"
            yield KeyProblem(f"{path}.control", message)


def unfit(kind: ChallengeType, name: GeneralName) -> str:
    """Say why ``name`` cannot be proven by ``kind``; empty if it can."""
    if isinstance(name, DnsName) and name.is_wildcard and kind in {"http-01", "tls-alpn-01"}:
        return f"cannot be proven by {kind}; a wildcard needs dns-01 (RFC 8555, section 7.1.3)"
    if isinstance(name, IpName) and kind in {"dns-01", "dns-persist-01"}:
        return f"cannot be proven by {kind}; an IP address needs http-01 or tls-alpn-01 (RFC 8738, section 7)"
    return ""


def answering_gateway(request: CertificateRequest, challenge: ChallengeOptions) -> tuple[str, str]:
    """Give control socket and user of the gateway that answers http-01 for ``challenge``.

    Its own ``control``; else the only gateway that the certificate is deployed to; else where a gateway listens by
    default.
    """
    targets = {(target.control, target.user) for target in request.deploy if target.kind == "gateway"}
    if challenge.control:
        return challenge.control, next((user for control, user in targets if control == challenge.control), "")
    return targets.pop() if len(targets) == 1 else (DeployTarget().control, "")


def _check_keys(path: str, challenge: ChallengeOptions) -> Iterator[KeyProblem]:
    plain = ChallengeOptions()
    own = _TYPE_KEYS[challenge.type]
    for key in dict.fromkeys(key for keys in _TYPE_KEYS.values() for key in keys):
        if getattr(challenge, key) == getattr(plain, key):
            continue
        if key not in own:
            types = " and ".join(kind for kind, keys in _TYPE_KEYS.items() if key in keys)
            yield KeyProblem(f"{path}.{key}", f"is for type {types} only, and the type is {challenge.type}")
        elif challenge.type == "dns-01" and key != "provider" and key not in _PROVIDER_KEYS[challenge.provider]:
            providers = " and ".join(name for name, keys in _PROVIDER_KEYS.items() if key in keys)
            which = challenge.provider or "missing"
            yield KeyProblem(f"{path}.{key}", f"is for provider {providers} only, and the provider is {which}")


def _check_names(path: str, challenge: ChallengeOptions) -> Iterator[KeyProblem]:
    for number, text in enumerate(challenge.names):
        try:
            name = parse_name(text)
        except NameProblem as problem:
            yield KeyProblem(f"{path}.names[{number}]", problem.message)
            continue
        if why := unfit(challenge.type, name):
            yield KeyProblem(f"{path}.names[{number}]", f"{text} {why}")


def _check_http(path: str, challenge: ChallengeOptions) -> Iterator[KeyProblem]:
    if [bool(challenge.listen), bool(challenge.webroot), challenge.gateway].count(True) != 1:
        key = "webroot" if challenge.webroot else "gateway" if challenge.gateway else "listen"
        yield KeyProblem(f"{path}.{key}", "exactly one of listen, webroot and gateway says who answers")
    elif challenge.control and not challenge.gateway:
        yield KeyProblem(f"{path}.control", "is for gateway = true only")
    elif challenge.listen:
        yield from _check_listen(path, challenge.listen)


def _check_listen(path: str, listen: str) -> Iterator[KeyProblem]:
    match = _LISTEN.fullmatch(listen)
    if match is None or not 0 < int(match[1]) <= _MAX_PORT:
        yield KeyProblem(f"{path}.listen", f"{listen!r} is no address to listen on: write 0.0.0.0:80 or [::]:80")


def _check_dns(path: str, challenge: ChallengeOptions) -> Iterator[KeyProblem]:
    match challenge.provider:
        case "":
            yield KeyProblem(f"{path}.provider", "is required for type dns-01: rfc2136, command or manual")
        case "command" if not challenge.command:
            yield KeyProblem(f"{path}.command", "is required for provider command")
        case "rfc2136" if not challenge.server:
            yield KeyProblem(f"{path}.server", "is required for provider rfc2136: the zone's primary server")
        case "rfc2136" if not _is_nameserver(challenge.server):
            yield KeyProblem(f"{path}.server", f"{challenge.server!r} is no address: write 192.0.2.53 or 192.0.2.53:53")
        case _:
            pass
    if challenge.tsig_name and not challenge.tsig_secret_file:
        yield KeyProblem(f"{path}.tsig_secret_file", "is required beside tsig_name")


def _check_nameservers(path: str, challenge: ChallengeOptions) -> Iterator[KeyProblem]:
    for number, text in enumerate(challenge.nameservers):
        if not _is_nameserver(text):
            message = f"{text!r} is no address of a nameserver: write 192.0.2.53, 192.0.2.53:53 or [2001:db8::53]:53"
            yield KeyProblem(f"{path}.nameservers[{number}]", message)


def _is_nameserver(text: str) -> bool:
    host, _, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "53")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return port.isdecimal() and 0 < int(port) <= _MAX_PORT
