"""The addresses of this host's interfaces, as the kernel tells them (Linux: ``proc(5)``)."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final

PROC_NET: Final = Path("/proc/net")
_LOCAL: Final = re.compile(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL")


def own_addresses(proc_net: Path = PROC_NET) -> frozenset[str]:
    """Give every IPv4 and IPv6 address that is this host's own; none where the kernel does not tell."""
    try:
        routes = (proc_net / "fib_trie").read_text(encoding="ascii")
    except OSError:
        routes = ""
    try:
        interfaces = (proc_net / "if_inet6").read_text(encoding="ascii")
    except OSError:
        interfaces = ""
    sixes = (line.split()[0] for line in interfaces.splitlines() if line)
    return frozenset({*_LOCAL.findall(routes), *(str(IPv6Address(int(text, 16))) for text in sixes)})
