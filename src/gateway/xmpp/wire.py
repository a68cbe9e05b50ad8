"""What streams say beside stanzas: headers, features, errors, TLS and SASL elements, as bytes."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from gateway.errors import Condition
from gateway.xmpp import namespaces as ns
from gateway.xmpp.configs import PeerLimits
from gateway.xmpp.element import SEPARATOR, escape_attribute, escape_text, split_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.xmpp.element import Element
    from gateway.xmpp.xml import ElementReceived

STREAM_END: Final = b"</stream:stream>"
STARTTLS: Final = f"<starttls xmlns='{ns.TLS}'/>".encode()
PROCEED: Final = f"<proceed xmlns='{ns.TLS}'/>".encode()
TLS_FAILURE: Final = f"<failure xmlns='{ns.TLS}'/>".encode()
STARTTLS_OPTIONAL: Final = f"<starttls xmlns='{ns.TLS}'/>"
STARTTLS_REQUIRED: Final = f"<starttls xmlns='{ns.TLS}'><required/></starttls>"
MECHANISMS: Final = f"<mechanisms xmlns='{ns.SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>"
BIDI_FEATURE: Final = f"<bidi xmlns='{ns.BIDI_FEATURE}'/>"
BIDI: Final = f"<bidi xmlns='{ns.BIDI}'/>".encode()
DIALBACK: Final = f"<dialback xmlns='{ns.DIALBACK_FEATURE}'><errors/></dialback>"
# RFC 6120 §6.3.8 and XEP-0178: "=" is an empty authzid, which means the stream's `from`.
AUTH_EXTERNAL: Final = f"<auth xmlns='{ns.SASL}' mechanism='EXTERNAL'>=</auth>".encode()
CHALLENGE: Final = f"<challenge xmlns='{ns.SASL}'/>".encode()
SUCCESS: Final = f"<success xmlns='{ns.SASL}'/>".encode()

BIDI_NAME: Final = f"{ns.BIDI}{SEPARATOR}bidi"
STREAM_NAME: Final = f"{ns.STREAM}{SEPARATOR}stream"
ERROR_NAME: Final = f"{ns.STREAM}{SEPARATOR}error"
FEATURES_NAME: Final = f"{ns.STREAM}{SEPARATOR}features"
STARTTLS_NAME: Final = f"{ns.TLS}{SEPARATOR}starttls"
PROCEED_NAME: Final = f"{ns.TLS}{SEPARATOR}proceed"
TLS_FAILURE_NAME: Final = f"{ns.TLS}{SEPARATOR}failure"
AUTH_NAME: Final = f"{ns.SASL}{SEPARATOR}auth"
RESPONSE_NAME: Final = f"{ns.SASL}{SEPARATOR}response"
ABORT_NAME: Final = f"{ns.SASL}{SEPARATOR}abort"
SUCCESS_NAME: Final = f"{ns.SASL}{SEPARATOR}success"
SASL_FAILURE_NAME: Final = f"{ns.SASL}{SEPARATOR}failure"

_MAX_PEER_TEXT: Final = 500
_MAX_DIGITS: Final = 18


def build_header(content: str = ns.SERVER, *, language: str = "", dialback: bool = False, **attributes: str) -> bytes:
    """Give an XML declaration and a stream header; attributes that are empty are left out (``from_`` is ``from``).

    ``dialback`` declares the namespace that tells peers that know no features of it (XEP-0220 §2.3.1).
    """
    said = "".join(f" {name.rstrip('_')}='{escape_attribute(value)}'" for name, value in attributes.items() if value)
    version = " version='1.0'" if content == ns.SERVER else ""
    spoken = f" xml:lang='{language}'" if language else ""
    known = f" xmlns:db='{ns.DIALBACK}'" if dialback else ""
    return (
        f"<?xml version='1.0'?><stream:stream xmlns='{content}' xmlns:stream='{ns.STREAM}'{known}{said}{version}"
        f"{spoken}>"
    ).encode()


def build_features(*features: str) -> bytes:
    """Give stream features."""
    return f"<stream:features>{''.join(features)}</stream:features>".encode()


def build_limits(max_stanza_size: int, idle_seconds: int = 0) -> str:
    """Give the feature that says what a stanza may weigh, and how long silence is borne (XEP-0478)."""
    idle = f"<idle-seconds>{idle_seconds}</idle-seconds>" if idle_seconds else ""
    return f"<limits xmlns='{ns.STREAM_LIMITS}'><max-bytes>{max_stanza_size}</max-bytes>{idle}</limits>"


def read_limits(features: Element) -> PeerLimits:
    """Give the limits that a peer announces; what it does not say, or says senselessly, is no limit."""
    limits = features.find(ns.STREAM_LIMITS, "limits")
    if limits is None:
        return PeerLimits()
    said = {child.name: child.text.strip() for child in limits if child.namespace == ns.STREAM_LIMITS}
    max_bytes, idle = (_read_number(said.get(name, "")) for name in ("max-bytes", "idle-seconds"))
    return PeerLimits(max_bytes, idle)


def _read_number(text: str) -> int:
    return int(text) if is_number(text) else 0


def is_number(text: str) -> bool:
    """Whether ``text`` is a natural number, and not one of thousands of digits, which Python refuses to read."""
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS


def build_stream_error(condition: Condition, text: str = "") -> bytes:
    """Give a stream error, without the end of the stream that must follow it."""
    said = f"<text xmlns='{ns.STREAM_ERRORS}' xml:lang='en'>{escape_text(text)}</text>" if text else ""
    return f"<stream:error><{condition.value} xmlns='{ns.STREAM_ERRORS}'/>{said}</stream:error>".encode()


def build_sasl_failure(condition: str) -> bytes:
    """Give a SASL failure of one of the conditions of RFC 6120 §6.5."""
    return f"<failure xmlns='{ns.SASL}'><{condition}/></failure>".encode()


def read_stream_error(event: ElementReceived) -> tuple[Condition, str]:
    """Give condition and text of the peer's stream error; what we do not know is ``undefined-condition``."""
    condition, text = _read_condition(event.tree(), ns.STREAM_ERRORS)
    try:
        return Condition(condition), text
    except ValueError:
        return Condition.UNDEFINED_CONDITION, text or condition


def read_sasl_failure(event: ElementReceived) -> str:
    """Give the peer's SASL failure in words."""
    condition, text = _read_condition(event.tree(), ns.SASL)
    return f"{condition}: {text}" if text else condition


def _read_condition(element: Element, namespace: str) -> tuple[str, str]:
    condition, text = "", ""
    for child in element:
        if child.namespace != namespace:
            continue
        if child.name == "text":
            text = child.text.strip()[:_MAX_PEER_TEXT]
        else:
            condition = condition or child.name
    return condition, text


def offers_external(features: Element) -> bool:
    """Whether ``features`` offer SASL EXTERNAL."""
    mechanisms = features.find(ns.SASL, "mechanisms")
    if mechanisms is None:
        return False
    return any(child.name == "mechanism" and child.text.strip() == "EXTERNAL" for child in mechanisms)


def decode_initial_response(text: str) -> str:
    """Give the authzid of a SASL EXTERNAL response; ``=`` is the empty one.

    Raises:
        ValueError: it is no base64 of UTF-8.
    """
    data = "".join(text.split())
    if data == "=":
        return ""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        message = "no base64 of UTF-8"
        raise ValueError(message) from error


def is_version_1(attributes: Mapping[str, str]) -> bool:
    """Whether a stream header speaks XMPP 1.0 or later, and so knows features (RFC 6120 §4.7.5)."""
    major, _, minor = attributes.get("version", "").partition(".")
    return is_number(major) and is_number(minor) and int(major) >= 1


def namespace_of(event: ElementReceived) -> str:
    """Give the namespace of a child of the stream."""
    return split_name(event.name)[0]
