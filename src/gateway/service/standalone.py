"""Reaching a partner without a running gateway: with what is on disk, and nobody who listens for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.clock import SystemClock
from gateway.database.partners import PartnerStore
from gateway.model.jid import parse_domain
from gateway.net.metrics import Metrics
from gateway.net.partnerwalk import PartnerWalk
from gateway.service.partnertests import choose_pair
from gateway.service.setup import make_certificates, make_hub

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.net.hub import Hub
    from gateway.settings import GatewaySettings


async def walk_alone(
    settings: GatewaySettings,
    environ: Mapping[str, str],
    domain: str,
    home: str,
    report: Callable[[JsonObject], None],
) -> JsonObject:
    """Try to reach ``domain`` and ``report`` each step; give ``domain``, ``home``, ``is_partner`` and ``reached``.

    Nothing is written: neither into the state directory nor a key-encryption key.

    Raises:
        EdgecertError: the settings name what cannot be read, or the domains are wrong.
    """
    clock = SystemClock()
    certificates = make_certificates(settings, clock, environ, create=False)
    certificates.load(tidy=False)
    hub = make_hub(settings, certificates.slot, clock=clock, metrics=Metrics(clock), spawn=_refuse)
    _read_partners(settings, hub)
    partner, home = choose_pair(hub, domain, home)
    prepared = parse_domain(domain)
    walk = PartnerWalk(
        hub.dialling,
        partner,
        home,
        prepared,
        lambda step: report(step.to_json()),
        no_ping="no gateway runs that could hear the answer",
    )
    reached = await walk.run()
    await hub.dialling.registry.wait_gone(5.0)
    is_partner = hub.partners.find(prepared) is not None
    return {"domain": prepared, "home": home, "is_partner": is_partner, "reached": reached}


def _read_partners(settings: GatewaySettings, hub: Hub) -> None:
    if settings.database.exists():
        with PartnerStore(settings.database) as store:
            hub.partners = store.load()


def _refuse(work: Coroutine[object, object, None], name: str) -> None:
    work.close()
    message = f"nobody does {name} without a gateway"
    raise RuntimeError(message)
