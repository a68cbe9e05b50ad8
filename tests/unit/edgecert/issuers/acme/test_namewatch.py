"""Who watches an order is told of each name, and the CA is asked for it only where somebody watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.interfaces import WatchesStandings
from edgecert.issuers.acme.namewatch import APART, NameWatch
from edgecert.issuers.acme.wireobjects import Authorization
from edgecert.model.challenge import Challenge
from edgecert.shared.names import DnsName
from tests.support.acmeparts import an_order
from tests.support.world import Watcher

if TYPE_CHECKING:
    from edgecert.interfaces import Standing
    from edgecert.shared.jsonvalue import JsonObject
    from tests.support.acmeparts import Parts


class Watching(Watcher):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, str]] = []

    def stands(self, about: str, standing: Standing, text: str) -> None:
        self.told.append((about, standing, text))


def authorization(name: str, status: str, errors: dict[str, JsonObject] | None = None) -> Authorization:
    return Authorization(f"https://ca/{name}", DnsName(name), status, (), errors or {})


def test_every_step_of_every_name_is_told() -> None:
    watching = Watching()
    assert isinstance(watching, WatchesStandings)
    watch = NameWatch(watching, lambda: 0.0)
    challenge = Challenge("http-01", "b\u00fccher.example".encode("idna").decode(), "b", "t", "v")
    watch.ordered([DnsName("a.example")])
    watch.publishes([challenge])
    watch.published([challenge])
    watch.looks([challenge])
    watch.show([authorization("a.example", "valid"), authorization("c.example", "pending")])
    watch.show([authorization("c.example", "invalid", {"http-01": {"type": "x:dns", "detail": "no address"}})])
    watch.show([authorization("d.example", "expired")])
    watch.proven([DnsName("a.example")])
    watch.ended([authorization("e.example", "pending"), authorization("a.example", "valid")])
    refused = watching.told.pop(5)
    assert refused[:2] == ("c.example", "failed")
    assert "no address" in refused[2]
    assert watching.told == [
        ("a.example", "ahead", "ordered"),
        ("bücher.example", "busy", "http-01: being published"),
        ("bücher.example", "busy", "http-01: published"),
        ("bücher.example", "busy", "http-01: the CA looks at it"),
        ("a.example", "done", "proven"),
        ("d.example", "failed", "expired"),
        ("a.example", "done", "proven"),
        ("a.example", "done", "proven"),
        ("e.example", "ahead", "the order ended before the CA had looked at it"),
    ]


def test_the_ca_is_asked_seldom_enough_for_what_can_change_and_never_where_nobody_watches() -> None:
    now = [0.0]
    watch = NameWatch(Watching(), lambda: now[0])
    urls = ["https://ca/a.example", "https://ca/b.example"]
    assert watch.to_look_at(urls) == []
    now[0] += APART
    assert watch.to_look_at(urls) == urls
    assert watch.to_look_at(urls) == []
    watch.show([authorization("a.example", "valid")])
    now[0] += APART
    assert watch.to_look_at(urls) == urls[1:]
    silent = NameWatch(Watcher(), lambda: now[0])
    now[0] += APART
    assert silent.to_look_at(urls) == []


def test_an_order_tells_its_names_to_who_watches(parts: Parts) -> None:
    parts.watcher = watching = Watching()
    parts.issuer().issue(an_order("sip.contoso.com"))
    assert [standing for about, standing, _text in watching.told if about == "sip.contoso.com"] == [
        *("ahead", "busy", "busy", "busy", "done"),
    ]
