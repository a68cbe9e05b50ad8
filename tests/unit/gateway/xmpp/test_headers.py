from __future__ import annotations

import pytest

from gateway.errors import Condition, RemoteProtocolError
from gateway.xmpp.headers import is_domain, prepare_domain, verify_namespaces
from gateway.xmpp.xml import StreamOpened

STREAM = "http://etherx.jabber.org/streams stream"


def test_a_headers_address_is_a_domain_or_absent() -> None:
    assert prepare_domain("") == ""
    assert prepare_domain("Fabrikam.EXAMPLE") == "fabrikam.example"
    with pytest.raises(RemoteProtocolError) as caught:
        prepare_domain("alice@fabrikam.example")
    assert caught.value.condition is Condition.IMPROPER_ADDRESSING
    assert is_domain("FABRIKAM.example", "fabrikam.example")
    assert not is_domain("a@fabrikam.example", "fabrikam.example")
    assert not is_domain("", "fabrikam.example")


@pytest.mark.parametrize(("name", "content"), [("stream", "jabber:server"), (STREAM, "jabber:client"), (STREAM, "")])
def test_only_a_server_to_server_header_will_do(name: str, content: str) -> None:
    verify_namespaces(StreamOpened(STREAM, {}, {"": "jabber:server"}, 0))
    with pytest.raises(RemoteProtocolError) as caught:
        verify_namespaces(StreamOpened(name, {}, {"": content}, 0))
    assert caught.value.condition is Condition.INVALID_NAMESPACE
