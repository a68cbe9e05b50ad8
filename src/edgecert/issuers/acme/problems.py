"""What an ACME server refuses, in the words of people (RFC 8555 §6.7, RFC 7807)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import NamesRefusedError, NetworkError, RefusedError
from edgecert.shared.jsonfields import JsonProblem, load_json
from edgecert.shared.printable import blank_controls

if TYPE_CHECKING:
    from edgecert.issuers.acme.transport import Response
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

PREFIX: Final = "urn:ietf:params:acme:error:"
_TOLD: Final = 10
_LONGEST_TEXT: Final = 500
# What to do, by the last word of the problem's type.
_HINTS: Final[Mapping[str, str]] = {
    "accountDoesNotExist": "the next edgecert issue registers the account's key again",
    "badCSR": "the CA does not take this key or these names: choose another key_algorithm or bit_length",
    "badNonce": "the CA refuses the nonces that it gives itself; the fault is the CA's, try again later",
    "badPublicKey": "the CA does not take this kind of key",
    "caa": "a CAA record forbids this CA; add its name to the record, or wait until the change is seen everywhere",
    "connection": "the CA could not connect: does the name lead to this host, and is the port open from everywhere?",
    "dns": "the name could not be looked up: see that its records exist and that DNSSEC is whole",
    "dnssec": "the domain's DNSSEC is broken; mend or remove its DS record first",
    "externalAccountRequired": "get a key identifier and key from the CA: [issuer] eab_kid, eab_hmac_key_file",
    "incorrectResponse": "something else answered: does the name lead to this host, for IPv6 too, with no redirect?",
    "invalidContact": "give another [issuer] email, or none",
    "invalidProfile": "choose one of the profiles that the CA offers, or leave [issuer] profile out",
    "rateLimited": "wait as long as the CA says; trying sooner makes it longer",
    "rejectedIdentifier": "the CA never issues for this name; take it out of [topology]",
    "serverInternal": "the CA has a fault of its own; try again later",
    "tls": "the CA could not speak TLS to the host that the name leads to",
    "unauthorized": "something else answered in place of edgecert, or the record was not there yet",
    "unknownHost": "the name does not exist in the DNS as the CA sees it",
    "unsupportedContact": "give another [issuer] email, or none",
    "unsupportedIdentifier": "the CA issues for no names of this kind (IP addresses need a CA and profile for them)",
    "userActionRequired": "the CA wants a person to act; open the address that it names",
}
# The same where the answer is to a request of ours, and not what a CA says of a challenge.
_HINTS_OF_ANSWERS: Final[Mapping[str, str]] = {
    "unauthorized": "the account may be closed, or not be allowed this: edgecert account show tells how it stands",
}


class AcmeProblemError(RefusedError):
    """The server answered with a problem document; ``kind`` is the last word of its type.

    ``retry_after`` is for how many seconds it wants to be left alone, where it says so.
    """

    code = "acme-refused"

    def __init__(self, kind: str, message: str, *, code: str = "", hint: str = "", status: int = 0) -> None:
        """Keep the facts."""
        super().__init__(message, code=code, hint=hint or hint_for(kind))
        self.kind = kind
        self.status = status
        self.retry_after: float | None = None


class UnprovenNamesError(AcmeProblemError, NamesRefusedError):
    """The CA could not see that names are ours; no name is ever dropped by itself."""

    code = "acme-challenge-failed"

    def __init__(self, message: str, names: tuple[str, ...], *, hint: str = "") -> None:
        """Keep the facts."""
        super().__init__("", message, hint=hint)
        self.names = names


def hint_for(kind: str) -> str:
    """Give what to do about a problem of ``kind``; empty if nothing special is known."""
    return _HINTS.get(kind, "")


def kind_of(problem: Mapping[str, JsonValue]) -> str:
    """Give the last word of a problem's type, such as ``badNonce``; empty if it is none of ACME's."""
    kind = problem.get("type")
    return kind.removeprefix(PREFIX) if isinstance(kind, str) and kind.startswith(PREFIX) else ""


def describe(problem: Mapping[str, JsonValue]) -> str:
    """Give a problem in words: its kind, what the CA says, and each problem inside it with its name."""
    kind = kind_of(problem)
    detail = _text(problem.get("detail")) or _text(problem.get("title")) or "no reason was given"
    inner = problem.get("subproblems")
    parts = [_describe_inner(entry) for entry in inner if isinstance(entry, Mapping)] if isinstance(inner, list) else []
    more = f" (and {len(parts) - _TOLD} more)" if len(parts) > _TOLD else ""
    return f"{kind}: {detail}".removeprefix(": ") + "".join(f"; {part}" for part in parts[:_TOLD]) + more


def _describe_inner(problem: Mapping[str, JsonValue]) -> str:
    identifier = problem.get("identifier")
    name = _text(identifier.get("value")) if isinstance(identifier, Mapping) else ""
    return f"{name}: {kind_of(problem)}: {_text(problem.get('detail'))}".removeprefix(": ")


def _text(value: JsonValue) -> str:
    """Give text of the server's for a terminal: one line, no control characters, not endless."""
    text = value if isinstance(value, str) else ""
    return blank_controls(text)[:_LONGEST_TEXT]


def problem_of(response: Response) -> AcmeProblemError:
    """Give the error that a response of status 400 and above means."""
    try:
        document = load_json(response.body)
    except JsonProblem:
        return AcmeProblemError("", f"the CA answered {response.status} without a reason", status=response.status)
    kind = kind_of(document)
    code = "acme-rate-limited" if kind == "rateLimited" else ""
    message = f"the CA refused: {describe(document)}"
    if kind == "userActionRequired" and (link := response.headers.get("link", "")):
        message += f" ({_text(link)})"
    hint = _HINTS_OF_ANSWERS.get(kind, "")
    return AcmeProblemError(kind, message, code=code, hint=hint, status=response.status)


def parse_object(response: Response, what: str) -> JsonObject:
    """Give the JSON object in a response.

    Raises:
        NetworkError: ``acme-malformed``.
    """
    try:
        return load_json(response.body)
    except JsonProblem:
        raise malformed(what) from None


def malformed(what: str) -> NetworkError:
    """Give the error for an answer that is not what RFC 8555 says."""
    message = f"the ACME server sent no proper {what}"
    return NetworkError(message, code="acme-malformed", hint="is the URL in [issuer] directory that of a directory?")
