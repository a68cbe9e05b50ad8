"""A small strict ACME server (RFC 8555, 9773, draft-ietf-acme-profiles), and faults on demand.

It verifies every signature, nonce and URL, and gives what Pebble 2.4.0 lacks: renewal information, profiles, six-day
certificates, ``replaces``, rate limits, a finalize that is *processing*. A test drives it in memory, as the client's
transport, or over TLS by :mod:`tests.support.acmesocket`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from cryptography import x509
from typing_extensions import override

from edgecert.issuers.acme.transport import Response, Transport
from edgecert.shared.errors import NetworkError
from tests.support.acmefaults import Dropped, Faults, Held, NoFaults
from tests.support.acmejose import (
    Json,
    RefusedHere,
    Signed,
    b64,
    key_of,
    read_header,
    unb64,
    verify,
    verify_binding,
)
from tests.support.acmelooking import MemorySolver
from tests.support.acmeorders import BASE, Answer, Orders, public

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BASE", "AcmeServer", "MemorySolver", "b64", "unb64"]

_RESOURCES: Final = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
_WITH_JWK: Final = frozenset({"newaccount", "revokecert"})
# RFC 5280 §5.3.1 without 7, which is not used, and 8, which is for delta CRLs.
_REASONS: Final = frozenset({0, 1, 2, 3, 4, 5, 6, 9, 10})


@dataclass
class AcmeServer(Orders, Transport):
    """The server; ``fault`` may answer or raise in its place, given the method and the URL's path."""

    meta: Json = field(default_factory=dict)
    fault: Callable[[str, str], Response | None] = lambda _method, _path: None
    faults: Faults = field(default_factory=NoFaults)
    eab: dict[str, bytes] = field(default_factory=dict)
    """MAC keys by key identifier; with any, an account needs one."""
    ari: bool = True
    """Whether the directory has ``renewalInfo``."""

    @override
    def __post_init__(self) -> None:
        """Make the CA."""
        super().__post_init__()
        self.nonces: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self._serial = 0

    @property
    def url(self) -> str:
        """The directory."""
        return f"{self.base}/directory"

    def count(self, path: str) -> int:
        """How many requests had a path that begins so."""
        return sum(1 for _, seen in self.requests if seen.startswith(path))

    def forget(self) -> None:
        """Begin anew, as a CA that lost its memory: accounts, orders and what was asked."""
        with self.lock:
            self.accounts.clear()
            self.keys.clear()
            self.objects.clear()
            self.requests.clear()
            self.ca.issued.clear()

    @override
    def close(self) -> None:
        pass

    @override
    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        # The shell adds this header by itself.
        sent = {"user-agent": "memory", **{name.lower(): value for name, value in headers.items()}}
        try:
            return self.answer(method, url.removeprefix(self.base), sent, body)
        except (Dropped, Held) as lost:
            message = f"no answer from {self.base}"
            raise NetworkError(message, code="acme-unreachable", hint="see whether this host reaches the CA") from lost

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer a request; header names are in lower case.

        Raises:
            Dropped, Held: a fault was planned.
        """
        with self.lock:
            number = len(self.requests)
            self.requests.append((method, path))
        if (planned := self.fault(method, path)) is not None:
            return planned
        if (planned := self.faults.before(number, method, path)) is not None:
            return self._with_nonce(planned)
        return self.faults.after(number, path, self._with_nonce(self._answer(method, path, headers, body)))

    def _with_nonce(self, response: Response) -> Response:
        with self.lock:
            self._serial += 1
            nonce = b64(f"nonce-{self._serial}".encode())
            self.nonces.add(nonce)
        date = format_datetime(self.clock(), usegmt=True)
        return Response(response.status, {"replay-nonce": nonce, "date": date, **response.headers}, response.body)

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        try:
            if not headers.get("user-agent"):
                raise RefusedHere(400, "malformed", "who are you? (RFC 8555, section 6.1)")
            if method == "POST":
                return self._post(path, headers, body)
            return self._get(method, path)
        except RefusedHere as problem:
            kind = {"content-type": "application/problem+json", **problem.headers}
            return Response(problem.status, kind, json.dumps(problem.document).encode())

    def _get(self, method: str, path: str) -> Response:
        word, _, rest = path.strip("/").partition("/")
        if (method, word) == ("GET", "directory"):
            return Response(200, {"content-type": "application/json"}, json.dumps(self._directory()).encode())
        if (method, word) == ("HEAD", "newNonce"):
            return Response(200, {"cache-control": "no-store"})
        if (method, word) == ("GET", "renewalInfo") and self.ari:
            document = json.dumps(self.ca.renewal_info(rest)).encode()
            return Response(200, {"retry-after": self.ca.renewal_retry_after}, document)
        raise RefusedHere(405, "malformed", f"no {method} here")

    def _directory(self) -> Json:
        profiles = {name: profile.description for name, profile in self.profiles.items()}
        meta = {
            **({"profiles": profiles} if profiles else {}),
            **({"externalAccountRequired": True} if self.eab else {}),
            **self.meta,
        }
        names = (*_RESOURCES, *(("renewalInfo",) if self.ari else ()))
        return {**{name: f"{self.base}/{name}" for name in names}, "meta": meta}

    def _post(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        if headers.get("content-type") != "application/jose+json":
            raise RefusedHere(415, "malformed", "no application/jose+json (RFC 8555, section 6.2)")
        word, _, rest = path.strip("/").partition("/")
        handle = getattr(self, f"do_{word.lower()}", None)
        if handle is None:
            raise RefusedHere(404, "malformed", f"nothing at {path}")
        signed = self._verify(path, word.lower(), body)
        if word == "chall":  # it looks over the network: others may go on
            answer: Answer = handle(rest, signed)
        else:
            with self.lock:
                answer = handle(rest, signed)
        status, more, document = answer
        data = document if isinstance(document, bytes) else public(document)
        return Response(status, {"content-type": "application/json", **more}, data)

    def _verify(self, path: str, word: str, body: bytes) -> Signed:
        try:
            message = json.loads(body)
            header = read_header(message)
        except (ValueError, TypeError, KeyError):
            raise RefusedHere(400, "malformed", "no JWS") from None
        if header.get("url") != f"{self.base}{path}":
            raise RefusedHere(403, "unauthorized", "the signed URL is another")
        with self.lock:
            known = header.get("nonce") in self.nonces
            self.nonces.discard(header.get("nonce", ""))
        if not known:
            raise RefusedHere(400, "badNonce", "that nonce is not known")
        if "jwk" in header:
            if word not in _WITH_JWK:
                raise RefusedHere(400, "malformed", "kid is needed here")
            key = key_of(header["jwk"])
            return Signed(header, verify(key, header, message), key, "")
        account = header["kid"]
        if account not in self.accounts:
            raise RefusedHere(400, "accountDoesNotExist", "no such account")
        if word == "newaccount":
            raise RefusedHere(400, "malformed", "jwk is needed here")
        if self.accounts[account]["status"] != "valid":
            raise RefusedHere(403, "unauthorized", f"the account is {self.accounts[account]['status']}")
        key = self.keys[account]
        return Signed(header, verify(key, header, message), key, account)

    def do_newaccount(self, _rest: str, signed: Signed) -> Answer:
        """Register a key, or find its account (RFC 8555 §7.3)."""
        payload = signed.document
        for url, known in self.keys.items():
            if known == signed.key and url in self.accounts:
                return 200, {"location": url}, self.accounts[url]
        if payload.get("onlyReturnExisting"):
            raise RefusedHere(400, "accountDoesNotExist", "no account has this key")
        if "termsOfService" in self.meta and not payload.get("termsOfServiceAgreed"):
            raise RefusedHere(403, "userActionRequired", "agree to the terms")
        self._verify_contact(payload)
        binding = payload.get("externalAccountBinding")
        if self.eab:
            if binding is None:
                raise RefusedHere(403, "externalAccountRequired", "an account needs a binding here")
            verify_binding(binding, self.eab, url=f"{self.base}/newAccount", key=signed.key)
        url = f"{self.base}/account/{len(self.keys) + 1}"
        self.accounts[url] = {"status": "valid", **payload}
        self.keys[url] = signed.key
        return 201, {"location": url}, self.accounts[url]

    def _verify_contact(self, payload: Json) -> None:
        for contact in payload.get("contact", []):
            if not contact.startswith("mailto:"):
                raise RefusedHere(400, "unsupportedContact", f"no {contact}")
            if contact.endswith(("@example.com", "@example.org", "@example.net")):
                raise RefusedHere(400, "invalidContact", f"{contact} is an example")

    def do_account(self, rest: str, signed: Signed) -> Answer:
        """Show, change or deactivate an account (RFC 8555 §7.3.2, §7.3.6)."""
        url = f"{self.base}/account/{rest}"
        if signed.account != url:
            raise RefusedHere(403, "unauthorized", "the account of somebody else")
        changes = signed.document if signed.payload else {}
        self._verify_contact(changes)
        allowed = {name: value for name, value in changes.items() if name in ("contact", "status")}
        if allowed.get("status", "deactivated") != "deactivated":
            raise RefusedHere(400, "malformed", "an account can only be deactivated")
        self.accounts[url].update(allowed)
        return 200, {}, self.accounts[url]

    def do_keychange(self, _rest: str, signed: Signed) -> Answer:
        """Give an account another key (RFC 8555 §7.3.5)."""
        inner = signed.document
        header = read_header(inner)
        if "jwk" not in header or "nonce" in header or header.get("url") != signed.header["url"]:
            raise RefusedHere(400, "malformed", "the inner JWS has jwk, the same url, and no nonce")
        key = key_of(header["jwk"])
        asked = json.loads(verify(key, header, inner))
        if asked.get("account") != signed.account:
            raise RefusedHere(400, "malformed", "the inner JWS is of another account")
        if key_of(asked["oldKey"]) != signed.key:
            raise RefusedHere(400, "malformed", "oldKey is not the account's key")
        for url, known in self.keys.items():
            if known == key and url in self.accounts:
                raise RefusedHere(409, "malformed", "that key is in use", headers={"location": url})
        self.keys[signed.account] = key
        return 200, {}, self.accounts[signed.account]

    def do_revokecert(self, _rest: str, signed: Signed) -> Answer:
        """Revoke a certificate: its account, an account with all its names, or its own key (RFC 8555 §7.6)."""
        payload = signed.document
        certificate = x509.load_der_x509_certificate(unb64(payload["certificate"]))
        known = self.ca.find(certificate)
        allowed = known.account == signed.account if signed.account else certificate.public_key() == signed.key
        if not allowed:
            raise RefusedHere(403, "unauthorized", "neither its account nor its key")
        reason = payload.get("reason", 0)
        if reason not in _REASONS:
            raise RefusedHere(400, "badRevocationReason", f"no reason {reason}")
        if known.revoked is not None:
            raise RefusedHere(400, "alreadyRevoked", "it is revoked already")
        known.revoked = reason
        return 200, {}, b""
