"""The files that an installation under systemd needs, sandboxed as far as the two programs allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GATEWAY_USER: Final = "edgecert-gateway"

# What both services can do without, by systemd.exec(5). MemoryDenyWriteExecute= is left out: the TLS library of
# the gateway makes its callbacks at run time (cffi, "Cannot allocate write+execute memory for ffi.callback()"), and a
# reload command of edgecert may be a program that compiles as it runs.
_SANDBOX: Final = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
UMask=0077
# Private keys are in the memory of both.
LimitCORE=0
"""

_GATEWAY: Final = """\
# {path}
[Unit]
Description=XMPP federation gateway
Wants=network-online.target
After=network-online.target nss-lookup.target

[Service]
Type=notify
NotifyAccess=main
ExecStart={gateway} serve --config {config}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2s
TimeoutStopSec=45s
# The gateway says every half of this that its event loop lives.
WatchdogSec=60s
User={user}
Group={user}
# /run/edgecert-gateway: control.sock (this user and root), status.sock (also the group).
RuntimeDirectory=edgecert-gateway
RuntimeDirectoryMode=0755
StateDirectory=edgecert-gateway
StateDirectoryMode=0700
# Two for each of limits.connection_limit, and some; `edgecert-gateway check` tells if it is too low.
LimitNOFILE=65536
# 5269 is no privileged port: no capability is needed. For a port below 1024 use a drop-in with
# AmbientCapabilities=CAP_NET_BIND_SERVICE and CapabilityBoundingSet=CAP_NET_BIND_SERVICE.
CapabilityBoundingSet=
AmbientCapabilities=
{sandbox}ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallFilter=@system-service
SystemCallFilter=~@privileged

[Install]
WantedBy=multi-user.target
"""

_RENEW_SERVICE: Final = """\
# {path}
[Unit]
Description=Finish open deployments and renew what is due
Wants=network-online.target
After=network-online.target nss-lookup.target

[Service]
Type=oneshot
ExecStart={edgecert} renew --quiet --lock-timeout 5m
# 5: a person has to carry a CSR to a CA; `edgecert list` tells. That is no failure of this service.
SuccessExitStatus=5
# Root, because files of other services are written and the gateway's control socket takes its own user and root only.
User=root
StateDirectory=edgecert
StateDirectoryMode=0700
# The first three: to use the gateway's socket and give files to a service's user. The others: for reload commands
# that become that user and signal it, as prosodyctl does.
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_KILL CAP_SETUID CAP_SETGID
{sandbox}RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallFilter=@system-service
# Where targets of kind files are written, and the key-encryption key is made. A reload_command may need more:
# loosen what it needs with `systemctl edit edgecert-renew.service`.
ReadWritePaths={writable}
"""

_RENEW_TIMER: Final = """\
# {path}
[Unit]
Description=Renew certificates twice a day

[Timer]
OnCalendar=*-*-* 00,12:00:00
# So that not every host asks its CA at the same moment; the same delay every day on this host.
RandomizedDelaySec=6h
FixedRandomDelay=yes
# A host that was off makes up for it when it is back.
Persistent=yes

[Install]
WantedBy=timers.target
"""

_SYSUSERS: Final = """\
# {path}
u {user} - "edgecert XMPP gateway" /var/lib/edgecert-gateway -
"""

_TMPFILES: Final = """\
# {path}
d /etc/edgecert 0755 root root -
d /etc/edgecert-gateway 0750 root {user} -
"""

_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "edgecert-gateway.service": ("/etc/systemd/system", _GATEWAY),
    "edgecert-renew.service": ("/etc/systemd/system", _RENEW_SERVICE),
    "edgecert-renew.timer": ("/etc/systemd/system", _RENEW_TIMER),
    "edgecert.sysusers.conf": ("/etc/sysusers.d", _SYSUSERS),
    "edgecert.tmpfiles.conf": ("/etc/tmpfiles.d", _TMPFILES),
}


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A file to be installed: its name when written aside, its place on the host, its text."""

    name: str
    path: str
    text: str


def build_units(*, bin_dir: str, config: str, writable: Sequence[str] = ()) -> tuple[UnitFile, ...]:
    """Give all files for programs in ``bin_dir`` and a gateway with ``config``.

    ``writable`` are directories of other services that targets of kind files write into.
    """
    # A leading minus: not there is no fault (systemd.exec(5), ReadWritePaths=).
    places = " ".join(["-/etc/edgecert", *(f"-{directory}" for directory in writable)])
    files = []
    for name, (directory, template) in _PLACES.items():
        installed = "edgecert.conf" if name.endswith(".conf") else name
        path = f"{directory}/{installed}"
        text = template.format(
            path=path,
            gateway=f"{bin_dir}/edgecert-gateway",
            edgecert=f"{bin_dir}/edgecert",
            config=config,
            user=GATEWAY_USER,
            sandbox=_SANDBOX,
            writable=places,
        )
        files.append(UnitFile(name, path, text))
    return tuple(files)
