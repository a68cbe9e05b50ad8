"""Questions and answers as bytes (RFC 1035 §4), quickly: what thousands of lookups spend their time in.

The types that are asked for by the thousand are read here; everything else is left to dnspython, which knows all.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from ipaddress import IPv6Address
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from edgecert.model.dnsrecords import Answer, canonical_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgecert.model.dnsrecords import Question

NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
RCODES: Final[Mapping[int, str]] = MappingProxyType(
    {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
)
PAYLOAD: Final = 1232
"""What a UDP answer may have without being cut into pieces on its way (RFC 6891, DNS flag day 2020)."""

_TYPES: Final = MappingProxyType(
    {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28, "SRV": 33, "TLSA": 52, "CAA": 257}
)
_CNAME: Final = _TYPES["CNAME"]
_INTERNET: Final = 1
_HEADER: Final = struct.Struct("!HHHHHH")
_RECORD: Final = struct.Struct("!HHIH")
_SRV: Final = struct.Struct("!HHH")
_RECURSION, _UNCHECKED, _RESPONSE, _CUT = 0x0100, 0x0010, 0x8000, 0x0200
_OPT: Final = b"\0" + struct.pack("!HHIH", 41, PAYLOAD, 0, 0)
_PLAIN: Final = re.compile(rb"[a-z0-9_-]*")
_MAX_LABEL: Final = 63
_MAX_NAME: Final = 255
_POINTER: Final = 0xC0


class MalformedAnswerError(ValueError):
    """These bytes are no answer to the question."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one nameserver said: its code, whether the answer was cut off, and the answer."""

    rcode: int
    cut: bool
    answer: Answer


def encode_question(question: Question) -> bytes:
    """Give the question section for ``question``.

    Raises:
        ValueError: the name cannot be asked for.
    """
    labels = question.name.encode("ascii").lower().removesuffix(b".").split(b".") if question.name else []
    if any(not 0 < len(label) <= _MAX_LABEL for label in labels) or sum(map(len, labels)) + len(labels) >= _MAX_NAME:
        message = f"{question.name!r} is no name"
        raise ValueError(message)
    name = b"".join(bytes((len(label),)) + label for label in labels)
    return name + struct.pack("!BHH", 0, _TYPES[question.type], _INTERNET)


def build_query(number: int, asked: bytes, *, unchecked: bool = False, extended: bool = True) -> bytes:
    """Give the query ``number`` with the question section ``asked``.

    ``unchecked`` asks the resolver not to validate (CD, RFC 4035 §3.2.2); ``extended`` allows for long answers (EDNS).
    """
    flags = _RECURSION | (_UNCHECKED if unchecked else 0)
    return _HEADER.pack(number, flags, 1, 0, 0, int(extended)) + asked + (_OPT if extended else b"")


def number_of(wire: bytes) -> int:
    """Give the number of the query that an answer is for; -1 if it is too short to be one."""
    return int.from_bytes(wire[:2], "big") if len(wire) >= _HEADER.size else -1


def parse_reply(wire: bytes, asked: bytes, question: Question) -> Reply:
    """Read an answer to ``question``, whose question section was ``asked``.

    A CNAME is followed inside the answer. Data is in the spelling of :func:`canonical_data`, sorted.

    Raises:
        MalformedAnswerError: it is none.
    """
    if len(wire) < _HEADER.size:
        raise MalformedAnswerError("too short")
    _number, flags, questions, count, _authority, _more = _HEADER.unpack_from(wire)
    rcode, start = flags & 15, _HEADER.size
    if not flags & _RESPONSE:
        raise MalformedAnswerError("a question")
    if rcode == FORMERR and not questions:
        return Reply(rcode, cut=False, answer=Answer())
    if questions != 1 or wire[start : start + len(asked)].lower() != asked:
        raise MalformedAnswerError("an answer to another question")
    if flags & _CUT:
        return Reply(rcode, cut=True, answer=Answer())
    if rcode not in (NOERROR, NXDOMAIN) or not count:
        return Reply(rcode, cut=False, answer=Answer())
    try:
        answer = _quickly(wire, asked, start + len(asked), count)
    except (struct.error, IndexError) as error:
        raise MalformedAnswerError("it breaks off") from error
    return Reply(rcode, cut=False, answer=_thoroughly(wire, question) if answer is None else answer)


def _quickly(wire: bytes, asked: bytes, at: int, count: int) -> Answer | None:
    """Read the records where they are of a simple type; None where they are not."""
    wanted = int.from_bytes(asked[-4:-2], "big")
    name, _end = _read_name(wire, _HEADER.size)
    found: list[str] = []
    ttls: list[int] = []
    for _ in range(count):
        owner, at = _read_name(wire, at)
        kind, class_, ttl, length = _RECORD.unpack_from(wire, at)
        at += _RECORD.size
        if owner is None or name is None or class_ != _INTERNET:
            return None
        if owner == name and kind == _CNAME != wanted:
            name, _end = _read_name(wire, at)
        elif owner == name and kind == wanted:
            text = _read_data(wire, at, length, kind)
            if text is None:
                return None
            found.append(text)
            ttls.append(ttl)
        at += length
    if at > len(wire):
        raise IndexError
    return Answer(tuple(sorted(found)), ttl=min(ttls)) if found else Answer()


def _read_data(wire: bytes, at: int, length: int, kind: int) -> str | None:
    if kind == _TYPES["A"] and length == 4:
        return f"{wire[at]}.{wire[at + 1]}.{wire[at + 2]}.{wire[at + 3]}"
    if kind == _TYPES["AAAA"] and length == 16:
        return str(IPv6Address(wire[at : at + 16]))
    if kind == _TYPES["SRV"]:
        priority, weight, port = _SRV.unpack_from(wire, at)
        target, _end = _read_name(wire, at + _SRV.size)
        return None if target is None else f"{priority} {weight} {port} {target.decode()}"
    return None


def _read_name(wire: bytes, at: int) -> tuple[bytes | None, int]:
    """Give a name with its final dot, in lower case, and where it ends; None where a label needs escapes."""
    labels: list[bytes] = []
    begun, end, octets = at, -1, 0
    plain = True
    while length := wire[at]:
        if length >= _POINTER:
            target = (length & ~_POINTER) << 8 | wire[at + 1]
            end = at + 2 if end < 0 else end
            if target >= begun:
                raise IndexError  # RFC 1035 §4.1.4: a pointer leads to a prior place; one into its own name has no end
            begun = at = target
            continue
        label = wire[at + 1 : at + 1 + length].lower()
        plain = plain and _PLAIN.fullmatch(label) is not None
        labels.append(label)
        octets += 1 + length
        if octets >= _MAX_NAME:
            raise IndexError  # RFC 1035 §2.3.4
        at += 1 + length
    name = b".".join(labels) + b"."
    return (name if plain else None), (at + 1 if end < 0 else end)


def _thoroughly(wire: bytes, question: Question) -> Answer:
    import dns.exception  # noqa: PLC0415  # only where a record is none of the common ones
    import dns.message  # noqa: PLC0415  # the same
    import dns.rdatatype  # noqa: PLC0415  # the same

    try:
        message = dns.message.from_wire(wire)
        found = message.resolve_chaining().answer if isinstance(message, dns.message.QueryMessage) else None
    except (dns.exception.DNSException, ValueError) as error:
        raise MalformedAnswerError(str(error) or type(error).__name__) from error
    if found is None:
        return Answer()
    records = tuple(sorted(canonical_data(question.type, record.to_text()) for record in found))
    return Answer(records, ttl=found.ttl)
