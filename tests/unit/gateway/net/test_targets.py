from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from gateway.net.targets import SrvRecord, Target, interleave, is_private, order_targets, parse_host_port, with_shares
from tests.support.clock import FakeClock

RANDOM = Random(7)  # noqa: S311  # to be repeatable


def test_priority_goes_before_weight_and_both_services_are_mixed() -> None:
    starttls = [SrvRecord(20, 0, 5269, "late.example"), SrvRecord(5, 0, 5269, "first.example")]
    direct = [SrvRecord(10, 0, 5270, "middle.example")]
    assert order_targets(starttls, direct, random=RANDOM) == (
        Target("first.example", 5269),
        Target("middle.example", 5270, direct_tls=True),
        Target("late.example", 5269),
    )


def test_weight_decides_how_often_a_server_comes_first() -> None:
    records = [
        SrvRecord(0, 90, 1, "heavy.example"),
        SrvRecord(0, 10, 1, "light.example"),
        SrvRecord(0, 0, 1, "none.example"),
    ]
    first = Counter(order_targets(records, [], random=RANDOM)[0].host for _ in range(2000))
    assert first["heavy.example"] > 1600
    assert 100 < first["light.example"] < 350
    assert 0 < first["none.example"] < 80


def test_the_root_is_no_target_and_there_are_sixteen_at_most() -> None:
    assert order_targets([SrvRecord(0, 0, 0, "")], [], random=RANDOM) == ()
    many = [SrvRecord(0, 1, 5269, f"h{number}.example") for number in range(1000)]
    assert len(order_targets(many, [], random=RANDOM)) == 16


def test_the_same_server_named_often_is_one() -> None:
    same = [SrvRecord(0, 1, 5269, "one.example")] * 1000
    assert order_targets(same, [SrvRecord(1, 1, 5269, "other.example")], random=RANDOM)[0].host == "one.example"


def test_what_dnssec_has_proved_is_told_of_each_target() -> None:
    (target,) = order_targets([SrvRecord(0, 1, 5269, "one.example")], [], random=RANDOM, is_secure=True)
    assert target.is_secure


def test_a_server_has_an_even_share_of_what_those_before_it_left_over() -> None:
    clock = FakeClock()
    targets = [Target(f"h{number}.example", 5269) for number in range(4)]
    shares = with_shares(targets, 60, clock.monotonic)
    assert next(shares) == (targets[0], 15)
    clock.advance(timedelta(seconds=15))
    assert next(shares) == (targets[1], 15)
    assert next(shares) == (targets[2], 22.5)  # the one before refused at once
    clock.advance(timedelta(seconds=60))
    assert next(shares) == (targets[3], 1)
    assert list(with_shares([], 60, clock.monotonic)) == []


def test_families_take_turns() -> None:
    assert interleave(["::1", "::2", "::3"], ["10.0.0.1"]) == ("::1", "10.0.0.1", "::2", "::3")
    assert interleave([], ["10.0.0.1", "10.0.0.2"]) == ("10.0.0.1", "10.0.0.2")
    assert len(interleave(["::1"] * 9, ["10.0.0.1"] * 9)) == 4


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.1.1",
        "::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "0.0.0.1",
        "224.0.0.1",
        "ff02::1",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::1",
        "::127.0.0.1",
        "100.64.0.1",
        "64:ff9b:1::7f00:1",
        "::ffff:0:7f00:1",
        "fec0::1",
        "3fff::1",
        "5f00::1",
    ],
)
def test_private_addresses_are_known(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "64:ff9b::9.9.9.9"])
def test_public_addresses_are_known(address: str) -> None:
    assert not is_private(address)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host.example", ("host.example", 5269)),
        ("host.example:5300", ("host.example", 5300)),
        ("[::1]:5300", ("::1", 5300)),
        ("[::1]", ("::1", 5269)),
        ("::1", ("::1", 5269)),
    ],
)
def test_hosts_with_and_without_port(text: str, expected: tuple[str, int]) -> None:
    assert parse_host_port(text) == expected


def test_a_port_is_a_number() -> None:
    with pytest.raises(ValueError, match="xmpp"):
        parse_host_port("host:xmpp")
