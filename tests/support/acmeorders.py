"""Orders, authorizations and challenges of the tests' ACME server (RFC 8555 §7.4, §7.5)."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from tests.support import pki
from tests.support.acmeca import CLASSIC, Profile, TestCa, names_of
from tests.support.acmejose import Json, PublicKey, RefusedHere, Signed, b64, thumbprint, unb64

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.support.acmelooking import Looking

BASE: Final = "https://ca.example.net"
ORDER_LIFE: Final = timedelta(hours=8)
ISSUER_DOMAINS = ("authority.example", "authority.net")
"""By what a record of dns-persist-01 names the CA."""
Answer = tuple[int, dict[str, str], Any]  # status, headers, and the document or bytes of the body


@dataclass
class Orders:
    """What the server knows and how it behaves; everything may be changed by a test while it runs."""

    directory: Path
    looking: Looking
    base: str = BASE
    clock: Callable[[], datetime] = pki.now
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    default_profile: Profile = CLASSIC
    offered: tuple[str, ...] = ("http-01", "dns-01", "tls-alpn-01")
    """The challenge types; a wildcard is offered those of dns alone."""
    dead: frozenset[str] = frozenset()
    """Identifiers that fail whatever they show."""
    rejected: frozenset[str] = frozenset()
    """Names for which no order is taken."""
    looks: int = 0
    """How often an order is still pending or processing when asked."""
    retry_after: str = ""
    """What goes with every order that was asked for."""
    reuse: bool = False
    """Whether an authorization that is valid serves later orders too."""
    duplicate_limit: int | None = None
    """How many certificates for one set of names; orders that replace one do not count (Let's Encrypt)."""
    finalize_error: Json | None = None
    """The problem that an order ends with instead of a certificate."""

    def __post_init__(self) -> None:
        """Make the CA."""
        self.ca = TestCa(self.directory, self.now)
        self.accounts: dict[str, Json] = {}
        self.keys: dict[str, PublicKey] = {}
        self.objects: dict[str, Json] = {}
        self.lock = threading.RLock()
        self._orders = 0

    def now(self) -> datetime:
        """Give the server's time."""
        return self.clock()

    @property
    def pki(self) -> pki.Pki:
        """The CA's certificates."""
        return self.ca.pki

    def _owned(self, where: str, account: str) -> Json:
        found = self.objects.get(where)
        if found is None:
            raise RefusedHere(404, "malformed", f"no {where}")
        if found["_account"] != account:
            raise RefusedHere(403, "unauthorized", f"{where} is of another account")
        return found

    def do_neworder(self, _rest: str, signed: Signed) -> Answer:
        """Take an order."""
        payload = signed.document
        profile = self._profile(payload.get("profile"))
        values = self._identifiers(payload.get("identifiers"), profile)
        if {"notBefore", "notAfter"} & set(payload):
            raise RefusedHere(400, "malformed", "dates are the CA's to choose")
        replaces = payload.get("replaces")
        if replaces is not None:
            self.ca.verify_replaceable(replaces, signed.account, frozenset(values), self._is_live)
        self._verify_limit(values, replaces)
        number, self._orders = self._orders, self._orders + 1
        entries = enumerate(payload["identifiers"])
        urls = [self._authorization(f"{number}-{index}", entry, signed.account) for index, entry in entries]
        states = {self.objects[url.removeprefix(f"{self.base}/")]["status"] for url in urls}
        url = f"{self.base}/order/{number}"
        self.objects[f"order/{number}"] = {
            "status": "ready" if states == {"valid"} else "pending",
            "expires": _rfc3339(self.clock() + ORDER_LIFE),
            "identifiers": payload["identifiers"],
            "authorizations": urls,
            "finalize": f"{self.base}/finalize/{number}",
            **{name: payload[name] for name in ("profile", "replaces") if name in payload},
            "_account": signed.account,
            "_looks": self.looks,
            "_ends": self.clock() + ORDER_LIFE,
        }
        if replaces is not None:
            self.ca.issued[replaces].replaced_by = url
        return 201, {"location": url}, self.objects[f"order/{number}"]

    def _profile(self, name: str | None) -> Profile:
        if name is None:
            return self.default_profile
        if name not in self.profiles:
            raise RefusedHere(400, "invalidProfile", f"profile {name!r} is not recognized")
        return self.profiles[name]

    def _identifiers(self, entries: Any, profile: Profile) -> list[str]:  # as it came
        if not isinstance(entries, list) or not entries:
            raise RefusedHere(400, "malformed", "an order needs identifiers")
        values = [str(entry["value"]) for entry in entries]
        if len(set(values)) < len(values) or any(value != value.lower() for value in values):
            raise RefusedHere(400, "malformed", "identifiers are in lower case, each once")
        if len(values) > profile.most_names:
            raise RefusedHere(400, "malformed", f"the profile takes at most {profile.most_names} identifiers")
        for entry in entries:
            kind = entry["type"]
            if kind not in ("dns", "ip") or (kind == "ip" and not profile.addresses):
                raise RefusedHere(400, "unsupportedIdentifier", f"no {kind} identifiers here")
        if refused := [entry for entry in entries if entry["value"] in self.rejected]:
            kind = "urn:ietf:params:acme:error:rejectedIdentifier"
            inner = [{"type": kind, "detail": "policy forbids it", "identifier": entry} for entry in refused]
            raise RefusedHere(400, "rejectedIdentifier", "some identifiers are refused", subproblems=inner)
        return values

    def _verify_limit(self, values: list[str], replaces: str | None) -> None:
        if self.duplicate_limit is None or replaces is not None:
            return
        same = sum(1 for known in self.ca.issued.values() if names_of(known.certificate) == frozenset(values))
        if same >= self.duplicate_limit:
            detail = f"too many certificates ({self.duplicate_limit}) already issued for this exact set of identifiers"
            raise RefusedHere(429, "rateLimited", detail, headers={"retry-after": "86400"})

    def _authorization(self, where: str, identifier: Json, account: str) -> str:
        value = identifier["value"]
        wildcard = value.startswith("*.")
        plain = {**identifier, "value": value.removeprefix("*.")}
        if self.reuse:
            for place, known in self.objects.items():
                same = (known.get("_account"), known.get("identifier"), known.get("wildcard", False))
                if same == (account, plain, wildcard) and known["status"] == "valid":
                    return f"{self.base}/{place}"
        token = b64(f"token-{where}-0123456789".encode())
        kinds = [kind for kind in self.offered if not wildcard or kind.startswith("dns-")]
        self.objects[f"authz/{where}"] = {
            "status": "pending",
            "expires": _rfc3339(self.clock() + ORDER_LIFE),
            "identifier": plain,
            "challenges": [
                {
                    "type": kind,
                    "url": f"{self.base}/chall/{where}/{kind}",
                    "status": "pending",
                    **({"issuer-domain-names": list(ISSUER_DOMAINS)} if kind == "dns-persist-01" else {"token": token}),
                }
                for kind in kinds
            ],
            **({"wildcard": True} if wildcard else {}),
            "_account": account,
        }
        return f"{self.base}/authz/{where}"

    def _is_live(self, url: str) -> bool:
        order = self.objects.get(url.removeprefix(f"{self.base}/"), {})
        return str(order.get("status", "invalid")) != "invalid"

    def do_authz(self, rest: str, signed: Signed) -> Answer:
        """Show an authorization, or deactivate it (RFC 8555 §7.5.2)."""
        authz = self._owned(f"authz/{rest}", signed.account)
        if signed.payload:
            if signed.document != {"status": "deactivated"}:
                raise RefusedHere(400, "malformed", "an authorization can only be deactivated")
            authz["status"] = "deactivated"
        return 200, {}, authz

    def do_chall(self, rest: str, signed: Signed) -> Answer:
        """Show a challenge, or look for what it wants."""
        where, _, kind = rest.partition("/")
        with self.lock:
            authz = self._owned(f"authz/{where}", signed.account)
            challenge = next((entry for entry in authz["challenges"] if entry["type"] == kind), None)
        if challenge is None:
            raise RefusedHere(404, "malformed", f"no {kind} here")
        up = {"link": f'<{self.base}/authz/{where}>;rel="up"'}
        if signed.payload and authz["status"] != "pending":
            raise RefusedHere(400, "malformed", f"the authorization is {authz['status']}")  # as Pebble does
        if signed.payload:
            identifier = authz["identifier"]["value"]
            token = challenge.get("token", "")
            proofs = [f"{token}.{thumbprint(signed.key)}"]
            if kind == "dns-persist-01":
                policy = "; policy=wildcard" if authz.get("wildcard") else ""
                proofs = [f"{domain}; accounturi={signed.account}{policy}" for domain in ISSUER_DOMAINS]
            seen = any(self.looking.look(kind, identifier, token, proof) for proof in proofs)
            good = seen and identifier not in self.dead
            with self.lock:
                authz["status"] = challenge["status"] = "valid" if good else "invalid"
                if not good:
                    type_ = "urn:ietf:params:acme:error:connection"
                    odd = {"type": "odd", "value": "x"}
                    challenge["error"] = {"type": type_, "detail": "refused", "identifier": odd}
        return 200, up, challenge

    def do_order(self, rest: str, signed: Signed) -> Answer:
        """Show an order, gone on with as far as it can."""
        order = self._owned(f"order/{rest}", signed.account)
        states = {self.objects[url.removeprefix(f"{self.base}/")]["status"] for url in order["authorizations"]}
        if order["status"] in ("pending", "ready") and order["_ends"] <= self.clock():
            order["status"] = "invalid"
        elif order["_looks"] > 0 and (states == {"valid"} or order["status"] == "processing"):
            order["_looks"] -= 1
        elif order["status"] == "pending" and "invalid" in states:
            order["status"] = "invalid"
        elif order["status"] == "pending" and states == {"valid"}:
            order["status"] = "ready"
        elif order["status"] == "processing":
            self._complete(order)
        return 200, self._waiting(), order

    def _waiting(self) -> dict[str, str]:
        return {"retry-after": self.retry_after} if self.retry_after else {}

    def _complete(self, order: Json) -> None:
        if self.finalize_error:
            order |= {"status": "invalid", "error": self.finalize_error}
        else:
            order |= {"status": "valid", "certificate": order["_certificate"]}

    def do_finalize(self, rest: str, signed: Signed) -> Answer:
        """Take the CSR of an order; the order is *processing* then."""
        order = self._owned(f"order/{rest}", signed.account)
        if order["status"] != "ready":
            raise RefusedHere(403, "orderNotReady", f"the order is {order['status']}")
        csr = self._csr(signed, order)
        made = self.ca.sign(csr, self._profile(order.get("profile")), signed.account)
        order |= {"status": "processing", "_certificate": f"{self.base}/cert/{rest}", "_looks": self.looks}
        self.objects[f"cert/{rest}"] = {"pem": made.pem, "_account": signed.account}
        return 200, {**self._waiting(), "location": f"{self.base}/order/{rest}"}, order

    def _csr(self, signed: Signed, order: Json) -> x509.CertificateSigningRequest:
        try:
            csr = x509.load_der_x509_csr(unb64(signed.document["csr"]))
        except (KeyError, ValueError):
            raise RefusedHere(400, "badCSR", "no CSR") from None
        if not csr.is_signature_valid:
            raise RefusedHere(400, "badCSR", "it is not signed by its key")
        if names_of(csr) != {entry["value"] for entry in order["identifiers"]}:
            raise RefusedHere(400, "badCSR", "the CSR's names are not those of the order")
        if csr.public_key() == signed.key:
            raise RefusedHere(400, "badCSR", "the CSR has the account's key")
        return csr

    def do_cert(self, rest: str, signed: Signed) -> Answer:
        """Hand out a certificate."""
        found = self._owned(f"cert/{rest}", signed.account)
        return 200, {"content-type": "application/pem-certificate-chain"}, found["pem"].encode()


def public(document: Json) -> bytes:
    """Give the JSON of an object without what is the server's own."""
    return json.dumps({name: value for name, value in document.items() if not name.startswith("_")}).encode()


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
