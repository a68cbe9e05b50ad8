"""From settings to parts: the one place where keys of ``gateway.toml`` become arguments."""

from __future__ import annotations

import logging
from dataclasses import fields, replace
from pathlib import Path
from random import SystemRandom
from secrets import token_bytes
from typing import TYPE_CHECKING, Final

from edgecert.shared.keywrap import KeyWrapper, load_kek
from edgecert.shared.secret import Secret
from gateway.model.jid import parse_domain
from gateway.net.connector import Connector
from gateway.net.dialler import Dialling
from gateway.net.failures import FailureLog
from gateway.net.hub import Hub
from gateway.net.hublimits import HubLimits
from gateway.net.listener import Listener
from gateway.net.registry import ConnectionRegistry
from gateway.net.resolver import Resolver
from gateway.policy.home import HomePolicy
from gateway.service.certificates import CertificateOptions, Certificates
from gateway.service.dialbacksecret import SECRET_SIZE
from gateway.settings import INBOUND_PATIENCE, GatewayOptions
from gateway.tls.context import build_contexts
from gateway.tls.material import MaterialStore
from gateway.tls.slot import ContextSlot
from gateway.tls.trust import TrustStore
from gateway.xmpp.dialback import KeyRing

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Mapping

    from edgecert.shared.clock import Clock
    from gateway.net.metrics import Metrics
    from gateway.net.waiting import Shelf
    from gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

KEK_CREDENTIAL: Final = "edgecert-gateway-kek"
KEK_FILE: Final = "/etc/edgecert-gateway/kek"
_RELOADED: Final = frozenset({"certificates", "dialback_secret_file", "log_message_bodies"})
"""What of ``[gateway]`` a reload takes over."""


def make_certificates(
    settings: GatewaySettings, clock: Clock, environ: Mapping[str, str], *, create: bool = True
) -> Certificates:
    """Give the certificates with an empty slot; nothing is read yet.

    Without ``create`` no key-encryption key is made where there is none.
    """

    def make_wrapper(store_id: str) -> KeyWrapper:
        loaded = load_kek(
            credential=KEK_CREDENTIAL,
            kek_file=Path(settings.gateway.kek_file or KEK_FILE),
            create=create,
            environ=environ,
            outside=Path(settings.gateway.state_dir),
        )
        if loaded.created:
            logger.warning("a key-encryption key was made: back it up", extra={"path": str(loaded.path)})
        return KeyWrapper(loaded.secret, store_id)

    slot = ContextSlot(build_contexts((), domains=(), trust=TrustStore(())))
    material = MaterialStore(Path(settings.gateway.state_dir) / "material", make_wrapper)
    return Certificates(material, slot, certificate_options(settings), clock)


def make_hub(
    settings: GatewaySettings,
    slot: ContextSlot,
    *,
    clock: Clock,
    metrics: Metrics,
    spawn: Callable[[Coroutine[object, object, None], str], None],
    shelf: Shelf | None = None,
) -> Hub:
    """Give the hub of the home domains.

    Raises:
        PermissionDeniedError: a component's secret is open to others.
        UsageError: a component's secret is missing.
        ResolveError: there is no nameserver.
    """
    random = SystemRandom()
    resolver = Resolver(settings.resolver.nameservers, clock, dnssec_trusted=settings.resolver.dnssec_trusted)
    dialling = Dialling(
        connector=Connector(resolver, random, settings.resolver.allow_private_targets),
        slot=slot,
        clock=clock,
        random=random,
        metrics=metrics,
        limits=settings.stream_limits,
        registry=ConnectionRegistry(),
        failures=FailureLog(clock),
        keys=KeyRing(Secret(token_bytes(SECRET_SIZE))),  # until the file is read
        establishment_timeout=float(settings.limits.stream_establishment_timeout),
        shelf=shelf,
    )
    homes = {parse_domain(home.domain): home.read_secret() for home in settings.home}
    policies = {parse_domain(home.domain): HomePolicy(home.consent, home.connector) for home in settings.home}
    hub = Hub(dialling, homes, spawn=spawn, limits=hub_limits(settings), policies=policies)
    hub.access = settings.access_policy
    hub.traffic.log.bodies = settings.gateway.log_message_bodies
    return hub


async def open_listeners(settings: GatewaySettings, hub: Hub, opened: list[Listener]) -> None:
    """Bind every address and add it to ``opened``, also when a later one fails.

    Raises:
        NetworkError: an address cannot be bound.
        PermissionDeniedError: it may not be bound.
    """
    wanted = [(address, "xmpp-s2s", _partner_factory(hub, direct_tls=False)) for address in settings.listen.s2s]
    wanted += [
        (address, "xmpps-s2s", _partner_factory(hub, direct_tls=True)) for address in settings.listen.s2s_direct_tls
    ]
    for address in dict.fromkeys(home.listen for home in settings.home):
        domains = frozenset(parse_domain(home.domain) for home in settings.home if home.listen == address)
        wanted.append((address, "component", _component_factory(hub, domains)))
    for address, protocol, factory in wanted:
        listener = await Listener.open(address, protocol, factory)
        opened.append(listener)


def _partner_factory(hub: Hub, *, direct_tls: bool) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: hub.make_inbound(direct_tls=direct_tls)


def _component_factory(hub: Hub, domains: frozenset[str]) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: hub.components.make_component(domains)


def certificate_options(settings: GatewaySettings) -> CertificateOptions:
    """Give what ``settings`` say of certificates and trust."""
    return CertificateOptions(
        domains=settings.home_domains,
        preference=settings.gateway.certificates,
        directory=settings.gateway.certificate_dir,
        trust_file=settings.trust.ca_file,
    )


def changed_options(running: CertificateOptions, settings: GatewaySettings) -> CertificateOptions:
    """Give what a reload may change of ``running``: neither the homes nor where certificates come from."""
    return replace(running, preference=settings.gateway.certificates, trust_file=settings.trust.ca_file)


def hub_limits(settings: GatewaySettings) -> HubLimits:
    """Give the limits that a reload may change."""
    limits = settings.limits
    return HubLimits(
        connection_limit=limits.connection_limit,
        partner_connection_limit=limits.partner_connection_limit,
        unauthenticated_per_address=limits.unauthenticated_per_address,
        keep_alive_interval=float(limits.keep_alive_interval),
        establishment_timeout=float(limits.stream_establishment_timeout),
        inactivity_timeout=float(limits.stream_inactivity_timeout),
        inbound_inactivity_timeout=float(INBOUND_PATIENCE * limits.stream_inactivity_timeout),
        subscription_refresh_interval=float(limits.subscription_refresh_interval),
    )


def list_unreloadable(old: GatewaySettings, new: GatewaySettings) -> list[str]:
    """Give the parts that differ and take effect at the next start only."""
    parts = [(name, getattr(old, name), getattr(new, name)) for name in ("listen", "home", "resolver")]
    parts += [
        (f"gateway.{item.name}", getattr(old.gateway, item.name), getattr(new.gateway, item.name))
        for item in fields(GatewayOptions)
        if item.name not in _RELOADED
    ]
    return [name for name, before, after in parts if before != after]
