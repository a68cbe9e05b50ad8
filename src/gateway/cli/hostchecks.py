"""Whether this host lets the gateway do what its configuration says."""

from __future__ import annotations

import errno
import os
import resource
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.shared.configfile import read_secret_file
from edgecert.shared.errors import EdgecertError, TargetNotRunningError
from gateway.cli.openfiles import describe_shortage
from gateway.settings import parse_address, warn_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.settings import GatewaySettings


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class HostCheck:
    """One thing that was looked at."""

    subject: str
    check: str
    verdict: Verdict
    message: str
    hint: str = ""

    def to_json(self) -> JsonObject:
        """Give it in the shape of ``check``'s JSON."""
        return {
            "subject": self.subject,
            "check": self.check,
            "verdict": self.verdict.value,
            "message": self.message,
            "hint": self.hint,
        }


def check_host(settings: GatewaySettings) -> tuple[HostCheck, ...]:
    """Look at everything, as the user who asks; where a gateway is running, its addresses are not tried."""
    running = _is_running(settings)
    return (
        *_check_running(settings, running=running),
        *_check_effect(settings),
        *_check_open_files(settings),
        *_check_state(settings),
        *_check_sockets(settings),
        *_check_secrets(settings),
        *_check_dialback_secret(settings),
        *_check_certificate_dir(settings),
        *(() if running else _check_partners(settings)),
        *_check_trust(settings),
        *(() if running else _check_addresses(settings)),
    )


def _is_running(settings: GatewaySettings) -> bool:
    from edgecert.shared.controlclient import ControlClient

    try:
        ControlClient(Path(settings.gateway.status), timeout=5.0).negotiate()
    except TargetNotRunningError:
        return False
    except EdgecertError:
        return True  # somebody is there, who does not answer us
    return True


def _check_running(settings: GatewaySettings, *, running: bool) -> Iterator[HostCheck]:
    message = "a gateway is running; its addresses are not tried" if running else "no gateway is running"
    yield HostCheck(settings.gateway.status, "running", Verdict.OK, message)


def _check_effect(settings: GatewaySettings) -> Iterator[HostCheck]:
    for warning in warn_settings(settings):
        yield HostCheck(warning.partition(" ")[0], "configuration", Verdict.WARNING, warning)


def _check_open_files(settings: GatewaySettings) -> Iterator[HostCheck]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    shortage = "" if hard == resource.RLIM_INFINITY else describe_shortage(settings, hard)
    if shortage:
        yield HostCheck("RLIMIT_NOFILE", "open-files", Verdict.WARNING, shortage)
    else:
        yield HostCheck("RLIMIT_NOFILE", "open-files", Verdict.OK, "enough for limits.connection_limit")


def _check_state(settings: GatewaySettings) -> Iterator[HostCheck]:
    path = Path(settings.gateway.state_dir)
    if path.exists() and not path.is_dir():
        yield HostCheck(str(path), "state", Verdict.CRITICAL, "is no directory", "mend gateway.state_dir")
        return
    if not path.is_dir():
        made = os.access(path.parent, os.W_OK)
        verdict = Verdict.OK if made else Verdict.CRITICAL
        hint = "" if made else f"install -d -m 700 -o edgecert-gateway {path} (StateDirectory= does)"
        yield HostCheck(str(path), "state", verdict, "is not there" + (" and will be made" if made else ""), hint)
        return
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        hint = "run this as the gateway's user, or give it the directory"
        yield HostCheck(str(path), "state", Verdict.CRITICAL, "may not be written by this user", hint)
    elif path.stat().st_mode & 0o077:
        hint = f"chmod 700 {path}"
        yield HostCheck(
            str(path), "state", Verdict.WARNING, "others may look into it; private keys are kept there", hint
        )
    else:
        yield HostCheck(str(path), "state", Verdict.OK, "is private and may be written")


def _check_sockets(settings: GatewaySettings) -> Iterator[HostCheck]:
    for name, text in (("control", settings.gateway.control), ("status", settings.gateway.status)):
        directory = Path(text).parent
        if not directory.is_dir():
            hint = "RuntimeDirectory= of the unit makes it; by hand: install -d -o edgecert-gateway, or other paths"
            yield HostCheck(text, f"{name}-socket", Verdict.CRITICAL, f"{directory} is not there", hint)
        elif not os.access(directory, os.W_OK | os.X_OK):
            hint = "run this as the gateway's user, or give it the directory"
            yield HostCheck(text, f"{name}-socket", Verdict.CRITICAL, f"{directory} may not be written", hint)
        else:
            yield HostCheck(text, f"{name}-socket", Verdict.OK, "can be made")


def _check_secrets(settings: GatewaySettings) -> Iterator[HostCheck]:
    for home in settings.home:
        try:
            home.read_secret()
        except EdgecertError as error:
            yield HostCheck(home.domain, "component-secret", Verdict.CRITICAL, error.message, error.hint)
        except OSError as error:
            message = f"{home.secret_file}: {error.strerror or error}"
            yield HostCheck(home.domain, "component-secret", Verdict.CRITICAL, message)
        else:
            yield HostCheck(home.domain, "component-secret", Verdict.OK, "can be read by this user alone")


def _check_dialback_secret(settings: GatewaySettings) -> Iterator[HostCheck]:
    path = settings.gateway.dialback_secret_file
    if not path:
        return
    try:
        read_secret_file(Path(path))
    except EdgecertError as error:
        yield HostCheck(path, "dialback-secret", Verdict.CRITICAL, error.message, error.hint)
    else:
        yield HostCheck(path, "dialback-secret", Verdict.OK, "can be read by this user alone")


def _check_certificate_dir(settings: GatewaySettings) -> Iterator[HostCheck]:
    from gateway.tls.directory import read_certificate_dir

    path = settings.gateway.certificate_dir
    if not path:
        return
    try:
        bundles = read_certificate_dir(Path(path))
    except EdgecertError as error:
        yield HostCheck(path, "certificates", Verdict.CRITICAL, error.message, error.hint)
    else:
        names = ", ".join(bundle.meta.name for bundle in bundles)
        yield HostCheck(path, "certificates", Verdict.OK, f"holds {names}")


def _check_partners(settings: GatewaySettings) -> Iterator[HostCheck]:
    """See that no partner of the stored table is a home; what belongs to another user is left alone."""
    from gateway.database.partners import PartnerStore
    from gateway.policy.commit import verify_homes

    path = settings.database
    if not path.exists() or path.stat().st_uid != os.geteuid():
        return
    try:
        with PartnerStore(path) as store:
            table = store.load()
        verify_homes(table, settings.home_domains)
    except EdgecertError as error:
        yield HostCheck(str(path), "partners", Verdict.CRITICAL, error.message, error.hint)
    else:
        count = sum(1 for _ in table)
        yield HostCheck(str(path), "partners", Verdict.OK, f"{count} partner{'' if count == 1 else 's'}")


def _check_trust(settings: GatewaySettings) -> Iterator[HostCheck]:
    from edgecert.shared.certreader import parse_certificates

    path = settings.trust.ca_file
    if not path:
        yield HostCheck("trust", "roots", Verdict.OK, "the system's")
        return
    try:
        roots = parse_certificates(Path(path).read_bytes())
    except OSError as error:
        yield HostCheck(path, "roots", Verdict.CRITICAL, error.strerror or str(error), "mend trust.ca_file")
    except EdgecertError as error:
        yield HostCheck(path, "roots", Verdict.CRITICAL, error.message, error.hint)
    else:
        yield HostCheck(path, "roots", Verdict.OK, f"{len(roots)} certificate{'' if len(roots) == 1 else 's'}")


def _check_addresses(settings: GatewaySettings) -> Iterator[HostCheck]:
    listen = settings.listen
    addresses = [*listen.s2s, *listen.s2s_direct_tls, *(text for text in (listen.metrics, listen.http01) if text)]
    addresses += dict.fromkeys(home.listen for home in settings.home)
    for address in addresses:
        yield _check_address(address)


def _check_address(address: str) -> HostCheck:
    host, port = parse_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family is socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind((host, port))
    except OSError as error:
        return HostCheck(address, "listen", Verdict.CRITICAL, error.strerror or str(error), _explain_bind(error))
    return HostCheck(address, "listen", Verdict.OK, "is free")


def _explain_bind(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program listens there: `ss -ltnp` names it"
        case errno.EADDRNOTAVAIL:
            return "no interface of this host has that address"
        case errno.EACCES:
            return "a port below 1024 needs CAP_NET_BIND_SERVICE; see the comment in the unit"
        case errno.EAFNOSUPPORT:
            return "this host has no IPv6: take the [::] address out"
        case _:
            return ""
