"""What streams need as time goes by: an end for what took too long, a sign of life where there was silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import Condition

if TYPE_CHECKING:
    from gateway.net.hub import Hub
    from gateway.net.pair import OutboundPair

REST_AFTER: Final = 20.0
"""Seconds of silence after which a stream gives back what it needs only to listen."""


def keep_house(hub: Hub) -> int:
    """End what took too long or has been silent too long, and show life where there was silence.

    Gives how many silent streams gave memory back. Closing an idle stream is its initiator's part: inbound ones live
    four times as long as our own.
    """
    rested = 0
    hub.traffic.keep_house(hub.limits.subscription_refresh_interval)
    hub.draining.keep()
    now = hub.dialling.clock.monotonic()
    limits = hub.limits
    for connection in tuple(hub.inbound):
        if connection.closing:
            continue  # it has a deadline of its own, and a second close would cut what the peer has under way
        if not connection.authenticated and now - connection.opened_at > limits.establishment_timeout:
            connection.close(Condition.CONNECTION_TIMEOUT, "the stream was not authenticated in time")
        elif now - connection.last_received > limits.inbound_inactivity_timeout:
            connection.close(Condition.CONNECTION_TIMEOUT, "silence")
        elif now - connection.last_received > REST_AFTER:
            rested += connection.machine.rest()
    for pair in tuple(hub.pairs.values()):
        rested += _keep_pair(hub, pair, now)
    return rested


def _keep_pair(hub: Hub, pair: OutboundPair, now: float) -> bool:
    pair.keep()
    connection = pair.connection
    partner = hub.partners.find(pair.domain)
    if connection is None:
        if pair.empty and (pair.state == "idle" or (pair.state == "failed" and partner is None)):
            del hub.pairs[pair.home, pair.domain]
        return False
    if not connection.usable:
        return False  # it is ending: nothing is said on it any more
    if connection.is_ours and now - connection.last_stanza > hub.limits.inactivity_timeout:
        pair.close()
    elif (
        partner is not None
        and partner.keep_alive
        and now - connection.last_sent > connection.probe_after(hub.limits.keep_alive_interval)
    ):
        connection.stream.ping()
        connection.wake()
    return now - connection.last_received > REST_AFTER and connection.machine.rest()
