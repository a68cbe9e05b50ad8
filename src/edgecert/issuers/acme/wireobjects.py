"""Orders and authorizations as values: read from what the server sent, everything that is needed proven to be there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from josepy.errors import DeserializationError

from edgecert.issuers.acme.library import messages
from edgecert.issuers.acme.problems import malformed, parse_object
from edgecert.shared.names import DnsName, IpName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acme.messages import ChallengeBody

    from edgecert.issuers.acme.transport import Response
    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from edgecert.shared.names import GeneralName

_URL: Final = re.compile(r"https://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,=%-]{1,2000}")
_KINDS: Final = {"dns": messages.IDENTIFIER_FQDN, "ip": messages.IDENTIFIER_IP}


@dataclass(frozen=True, slots=True)
class Order:
    """An order: where it is, how it stands, and where to go from there (RFC 8555 §7.1.3)."""

    url: str
    status: str
    authorizations: tuple[str, ...]
    finalize: str
    certificate: str
    error: JsonObject | None


@dataclass(frozen=True, slots=True)
class Authorization:
    """An authorization of one identifier (RFC 8555 §7.1.4); ``errors`` are those of its challenges, by type."""

    url: str
    name: DnsName | IpName
    status: str
    challenges: tuple[ChallengeBody, ...]
    errors: Mapping[str, JsonObject]

    @property
    def identifier(self) -> str:
        """What is authorized: the domain without ``*.``, or the address."""
        return self.name.domain if isinstance(self.name, DnsName) else self.name.text

    @property
    def answered(self) -> bool:
        """Whether the CA was told to look and has not said yet what it saw."""
        return any(entry.status == messages.STATUS_PROCESSING for entry in self.challenges)


def new_order(names: Sequence[GeneralName], profile: str, replaces: str = "") -> bytes:
    """Give the payload of a newOrder for ``names``; only DNS names and addresses are identifiers."""
    identifiers = [messages.Identifier(typ=_KINDS[name.kind], value=name.text) for name in names if name.kind in _KINDS]
    order = messages.NewOrder(identifiers=identifiers, **({"profile": profile} if profile else {}))
    # RFC 9773 §5; the library knows nothing of it.
    document = {**order.to_json(), **({"replaces": replaces} if replaces else {})}
    return json.dumps(document).encode()


def read_location(response: Response, what: str) -> str:
    """Give the URL of ``what`` the server has made (RFC 8555 §7.3, §7.4).

    It is shown, kept, and an account's stands in CAA records (RFC 8657 §3), where a quote or a semicolon would end it.

    Raises:
        NetworkError: ``acme-malformed``: there is none, or it is no plain https URL.
    """
    url = response.headers.get("location", "")
    if not _URL.fullmatch(url):
        raise malformed(f"{what}: it has no URL" if not url else f"{what}: {url!r} is no URL")
    return url


def parse_order(response: Response, url: str) -> Order:
    """Give the order that a response carries.

    Raises:
        NetworkError: ``acme-malformed``.
    """
    document = dict(parse_object(response, "order"))
    error = document.pop("error", None)
    try:
        order = messages.Order.from_json(document)
    except (DeserializationError, TypeError, ValueError, AttributeError):
        raise malformed("order") from None
    if order.status is None or not order.finalize or not order.authorizations:
        raise malformed("order")
    return Order(
        url,
        order.status.name,
        tuple(str(entry) for entry in order.authorizations),
        str(order.finalize),
        str(order.certificate or ""),
        error if isinstance(error, dict) else None,
    )


def parse_authorization(response: Response, url: str) -> Authorization:
    """Give the authorization that a response carries.

    Raises:
        NetworkError: ``acme-malformed``.
    """
    document = dict(parse_object(response, "authorization"))
    challenges, errors = _without_errors(document.get("challenges"))
    try:
        body = messages.Authorization.from_json({**document, "challenges": challenges})
    except (DeserializationError, TypeError, ValueError, AttributeError):
        raise malformed("authorization") from None
    if body.status is None or body.identifier is None:
        raise malformed("authorization")
    value = str(body.identifier.value)
    if body.identifier.typ == messages.IDENTIFIER_IP:
        name: DnsName | IpName = IpName(value)
    else:
        name = DnsName(f"*.{value}" if body.wildcard else value)
    return Authorization(url, name, body.status.name, tuple(body.challenges or ()), errors)


def _without_errors(challenges: JsonValue) -> tuple[list[JsonValue], dict[str, JsonObject]]:
    """Take the errors out of challenges: ours to read, the library refuses those with identifiers it does not know."""
    plain: list[JsonValue] = []
    errors: dict[str, JsonObject] = {}
    for entry in challenges if isinstance(challenges, list) else []:
        if not isinstance(entry, dict):
            raise malformed("challenge")
        error = entry.get("error")
        if isinstance(error, dict):
            errors[str(entry.get("type"))] = error
        plain.append({name: value for name, value in entry.items() if name != "error"})
    return plain, errors
