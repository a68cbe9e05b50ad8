from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.dns.ownaddresses import own_addresses

if TYPE_CHECKING:
    from pathlib import Path

# As the kernel writes it (Linux 6.1), shortened.
ROUTES = """Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 192.0.2.0/24 2 0 1
        |-- 192.0.2.7
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
"""
INTERFACES = """00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000007 02 40 00 80     eth0
"""


def test_reads_what_the_kernel_says(tmp_path: Path) -> None:
    (tmp_path / "fib_trie").write_text(ROUTES)
    (tmp_path / "if_inet6").write_text(INTERFACES)
    assert own_addresses(tmp_path) == {"127.0.0.1", "192.0.2.7", "::1", "2001:db8::7"}


def test_a_kernel_that_does_not_tell_is_believed(tmp_path: Path) -> None:
    assert own_addresses(tmp_path) == frozenset()


def test_this_host_has_its_loopback_address() -> None:
    assert "127.0.0.1" in own_addresses()
