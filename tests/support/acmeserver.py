"""A small strict ACME server (RFC 8555) behind the client's own transport: no sockets, and faults on demand.

It verifies every signature, nonce and URL, and looks for http-01 and dns-01 values in what the test's solver published.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from typing_extensions import override

from edgecert.interfaces import ChallengeSolver
from edgecert.issuers.acme.transport import Response, Transport
from tests.support.pki import Pki, to_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from edgecert.model.challenge import Challenge

BASE = "https://ca.example.net"
Json = dict[str, Any]  # any JSON: what a test's server says


def unb64(text: str) -> bytes:
    """Decode base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class RefusedHere(Exception):  # noqa: N818  # the server's word for a problem document
    """A problem document."""

    def __init__(self, status: int, kind: str, detail: str = "no", **more: Any) -> None:  # the same
        """Keep it."""
        super().__init__(detail)
        self.status = status
        self.document = {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail, **more}


class MemorySolver(ChallengeSolver):
    """Publishes into a set that the server looks at."""

    def __init__(self) -> None:
        """Begin with nothing published."""
        self.published: set[Challenge] = set()
        self.ever: list[Challenge] = []
        self.cleaned: list[Challenge] = []
        self.fault_in_present: BaseException | None = None
        self.fault_in_clean_up: BaseException | None = None

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        if self.fault_in_present:
            raise self.fault_in_present
        self.published |= set(challenges)
        self.ever += challenges

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        if self.fault_in_clean_up:
            raise self.fault_in_clean_up
        self.cleaned += challenges
        self.published -= set(challenges)


@dataclass
class AcmeServer(Transport):
    """The server; ``fault`` may answer or raise in its place, given the method and the URL's path."""

    directory: Path
    solver: MemorySolver
    meta: Json = field(default_factory=dict)
    fault: Callable[[str, str], Response | None] = lambda _method, _path: None
    dead: frozenset[str] = frozenset()
    looks: int = 0
    """How often an order is still pending or processing when asked."""
    retry_after: str = ""

    def __post_init__(self) -> None:
        """Make the CA."""
        self.pki = Pki.create(self.directory / "acme-pki")
        self.accounts: dict[str, Json] = {}
        self.keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self.objects: dict[str, Json] = {}
        self.nonces: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self._serial = 0

    @property
    def url(self) -> str:
        """The directory."""
        return f"{BASE}/directory"

    def count(self, path: str) -> int:
        """How many requests had a path that begins so."""
        return sum(1 for _, seen in self.requests if seen.startswith(path))

    @override
    def close(self) -> None:
        pass

    @override
    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        path = url.removeprefix(BASE)
        self.requests.append((method, path))
        if (planned := self.fault(method, path)) is not None:
            return planned
        self._serial += 1
        nonce = b64(f"nonce-{self._serial}".encode())
        self.nonces.add(nonce)
        fresh = {"replay-nonce": nonce}
        if (method, path) == ("GET", "/directory"):
            names = {name: f"{BASE}/{name}" for name in ("newNonce", "newAccount", "newOrder")}
            return Response(200, fresh, json.dumps({**names, "meta": self.meta}).encode())
        if (method, path) == ("HEAD", "/newNonce"):
            return Response(200, fresh)
        try:
            return self._post(path, url, json.loads(body), fresh)
        except RefusedHere as problem:
            return Response(problem.status, fresh, json.dumps(problem.document).encode())

    def _post(self, path: str, url: str, message: Json, fresh: dict[str, str]) -> Response:
        protected = json.loads(unb64(message["protected"]))
        if protected["url"] != url:
            raise RefusedHere(403, "unauthorized", "url")
        if protected["nonce"] not in self.nonces:
            raise RefusedHere(400, "badNonce")
        self.nonces.discard(protected["nonce"])
        account = protected.get("kid", "")
        if account and account not in self.accounts:
            raise RefusedHere(400, "accountDoesNotExist", "no such account")
        key = self.keys[account] if account else key_of(protected["jwk"])
        verify(key, message)
        payload = json.loads(unb64(message["payload"])) if message["payload"] else None
        word, _, rest = path.strip("/").partition("/")
        status, headers, document = getattr(self, f"_do_{word.lower()}")(rest, payload, account, protected)
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Response(status, {**fresh, **headers}, data)

    def _do_newaccount(self, _rest: str, payload: Json, _account: str, protected: Json) -> tuple[int, Json, Json]:
        if self.meta.get("externalAccountRequired") and "externalAccountBinding" not in payload:
            raise RefusedHere(400, "externalAccountRequired")
        key = key_of(protected["jwk"])
        for url, known in self.keys.items():
            if known == key and url in self.accounts:
                return 200, {"location": url}, self.accounts[url]
        url = f"{BASE}/account/{len(self.keys) + 1}"
        self.accounts[url] = {"status": "valid", **payload}
        self.keys[url] = key
        return 201, {"location": url}, self.accounts[url]

    def _do_account(self, rest: str, payload: Json | None, _account: str, _protected: Json) -> tuple[int, Json, Json]:
        account = self.accounts[f"{BASE}/account/{rest}"]
        account.update(payload or {})
        return 200, {}, account

    def _do_neworder(self, _rest: str, payload: Json, _account: str, _protected: Json) -> tuple[int, Json, Json]:
        number = len(self.objects)
        urls = []
        for index, identifier in enumerate(payload["identifiers"]):
            value = identifier["value"]
            kinds = ["dns-01"] if value.startswith("*.") else ["http-01", "dns-01", "tls-alpn-01"]
            token = b64(f"token-{number}-{index}-0123456789".encode())
            where = f"authz/{number}-{index}"
            challenges = [
                {"type": kind, "url": f"{BASE}/chall/{number}-{index}/{kind}", "token": token, "status": "pending"}
                for kind in kinds
            ]
            self.objects[where] = {
                "status": "pending",
                "identifier": {**identifier, "value": value.removeprefix("*.")},
                "challenges": challenges,
                **({"wildcard": True} if value.startswith("*.") else {}),
            }
            urls.append(f"{BASE}/{where}")
        where = f"order/{number}"
        self.objects[where] = {
            **payload,
            "status": "pending",
            "authorizations": urls,
            "finalize": f"{BASE}/finalize/{number}",
            "looks": self.looks,
        }
        return 201, {"location": f"{BASE}/{where}"}, self.objects[where]

    def _do_authz(self, rest: str, _payload: None, _account: str, _protected: Json) -> tuple[int, Json, Json]:
        return 200, {}, self.objects[f"authz/{rest}"]

    def _do_chall(self, rest: str, payload: Json | None, account: str, _protected: Json) -> tuple[int, Json, Json]:
        where, _, kind = rest.partition("/")
        authz = self.objects[f"authz/{where}"]
        challenge = next(entry for entry in authz["challenges"] if entry["type"] == kind)
        if payload == {}:
            self._look(authz, challenge, account)
        return 200, {}, challenge

    def _look(self, authz: Json, challenge: Json, account: str) -> None:
        numbers = self.keys[account].public_numbers()
        jwk = {"crv": "P-256", "kty": "EC", "x": b64(numbers.x.to_bytes(32)), "y": b64(numbers.y.to_bytes(32))}
        canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
        value = f"{challenge['token']}.{b64(hashlib.sha256(canonical).digest())}"
        if challenge["type"] == "dns-01":
            value = b64(hashlib.sha256(value.encode()).digest())
        identifier = authz["identifier"]["value"]
        seen = {(entry.identifier, entry.type, entry.value) for entry in self.solver.published}
        good = (identifier, challenge["type"], value) in seen and identifier not in self.dead
        authz["status"] = challenge["status"] = "valid" if good else "invalid"
        if not good:
            kind = "urn:ietf:params:acme:error:connection"
            challenge["error"] = {"type": kind, "detail": "refused", "identifier": {"type": "odd", "value": "x"}}

    def _do_order(self, rest: str, _payload: None, _account: str, _protected: Json) -> tuple[int, Json, Json]:
        order = self.objects[f"order/{rest}"]
        states = {self.objects[url.removeprefix(f"{BASE}/")]["status"] for url in order["authorizations"]}
        if order["looks"] > 0 and (states == {"valid"} or order["status"] == "processing"):
            order["looks"] -= 1
        elif order["status"] == "pending" and "invalid" in states:
            order["status"] = "invalid"
        elif order["status"] == "pending" and states == {"valid"}:
            order["status"] = "ready"
        elif order["status"] == "processing":
            order["status"] = "valid"
        return 200, {"retry-after": self.retry_after} if self.retry_after else {}, order

    def _do_finalize(self, rest: str, payload: Json, _account: str, _protected: Json) -> tuple[int, Json, Json]:
        order = self.objects[f"order/{rest}"]
        if order["status"] != "ready":
            raise RefusedHere(403, "orderNotReady", order["status"])
        csr = x509.load_der_x509_csr(unb64(payload["csr"]))
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        order |= {"status": "processing", "certificate": f"{BASE}/cert/{rest}", "looks": self.looks}
        self.objects[f"cert/{rest}"] = {"pem": self._sign(csr, names)}
        return 200, {}, order

    def _sign(self, csr: x509.CertificateSigningRequest, names: x509.SubjectAlternativeName) -> str:
        like = self.pki.issue(names=("contoso.com",)).cert
        ca = self.pki.intermediate
        builder = (
            x509.CertificateBuilder()
            .subject_name(csr.subject)
            .issuer_name(ca.cert.subject)
            .public_key(csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(like.not_valid_before_utc)
            .not_valid_after(like.not_valid_after_utc)
            .add_extension(names, critical=False)
        )
        return (to_pem(builder.sign(ca.key, hashes.SHA256())) + to_pem(ca.cert)).decode()

    def _do_cert(self, rest: str, _payload: None, _account: str, _protected: Json) -> tuple[int, Json, bytes]:
        return 200, {}, self.objects[f"cert/{rest}"]["pem"].encode()


def key_of(jwk: Json) -> ec.EllipticCurvePublicKey:
    """Give the P-256 key of a JWK."""
    x, y = (int.from_bytes(unb64(jwk[name])) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def verify(key: ec.EllipticCurvePublicKey, message: Json) -> None:
    """Verify an ES256 signature."""
    raw = unb64(message["signature"])
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(signature, f"{message['protected']}.{message['payload']}".encode(), ec.ECDSA(hashes.SHA256()))
