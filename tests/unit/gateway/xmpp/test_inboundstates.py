from __future__ import annotations

from gateway.xmpp.inboundstates import NEXT, InboundState
from gateway.xmpp.stream import Step

READING = set(InboundState) - {InboundState.TLS_HANDSHAKE, InboundState.PROVING, InboundState.CLOSED}
HEADERS = {InboundState.CLEAR_HEADER, InboundState.TLS_HEADER, InboundState.FINAL_HEADER}


def test_dialback_keys_are_verified_for_whoever_asks_wherever_elements_are_read() -> None:
    assert {state for state, step in NEXT if step is Step.VERIFY} == READING - HEADERS - {InboundState.CLOSING}
    assert all(NEXT[state, step] is state for state, step in NEXT if step is Step.VERIFY)


def test_only_proved_peers_get_to_where_stanzas_pass() -> None:
    into_open = {(state, step) for (state, step), to in NEXT.items() if to is InboundState.OPEN}
    assert {step for state, step in into_open if state is not InboundState.OPEN} == {Step.VERIFIED, Step.HEADER}
    assert NEXT[InboundState.AUTHENTICATING, Step.SUCCESS] is InboundState.FINAL_HEADER
    assert [state for (state, step), to in NEXT.items() if to is InboundState.FINAL_HEADER] == [
        InboundState.AUTHENTICATING,
        InboundState.CHALLENGED,
    ]


def test_tls_is_begun_once_and_never_left() -> None:
    clear = {InboundState.CLEAR_HEADER, InboundState.CLEAR_FEATURES}
    assert not [state for (state, _step), to in NEXT.items() if to in clear and state not in clear]
