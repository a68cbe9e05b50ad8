from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.dns.authorities import Authorities
from edgecert.dns.lookup import Lookup
from edgecert.model.dnsrecords import DnsRecord
from edgecert.shared.errors import NetworkError
from tests.support.dns import DNS_PORT

if TYPE_CHECKING:
    from tests.integration.edgecert.dns.conftest import Nameserver

HERE = DnsRecord("a.sub.contoso.com", "TXT", '"here"')
THERE = DnsRecord("b.contoso.com", "TXT", '"there"')


def authorities(nameserver: Nameserver) -> Authorities:
    return Authorities(Lookup([nameserver.address]), port=DNS_PORT, timeout=30)


def test_every_server_of_the_nearest_zone_is_asked(nameserver: Nameserver) -> None:
    host = nameserver.address.partition(":")[0]
    dead = host.removesuffix("53") + "99"
    nameserver.zone.records |= {
        "contoso.com": {"NS": ["ns1.contoso.com.", "ns2.contoso.com."]},
        "sub.contoso.com": {"NS": ["ns1.contoso.com."]},
        "ns1.contoso.com": {"A": [host]},
        "ns2.contoso.com": {"A": [dead]},
        HERE.name: {"TXT": [HERE.data]},
        THERE.name: {"TXT": ['"other"']},
    }
    ours = authorities(nameserver)
    assert ours.servers_of(HERE.name) == (f"{host}:{DNS_PORT}",)
    assert ours.missing([HERE]) == ()
    faults = {(fault.server, fault.name): fault.reason for fault in ours.missing([HERE, THERE])}
    assert faults.keys() == {(f"{host}:{DNS_PORT}", THERE.name), (f"{dead}:{DNS_PORT}", THERE.name)}
    assert faults[f"{host}:{DNS_PORT}", THERE.name] == 'holds "other"'


def test_a_name_in_no_zone_is_told(nameserver: Nameserver) -> None:
    with pytest.raises(NetworkError) as caught:
        authorities(nameserver).servers_of("a.contoso.com")
    assert caught.value.code == "dns-no-zone"
