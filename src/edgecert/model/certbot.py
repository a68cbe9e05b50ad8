"""certbot's renewal files, read and turned into a request of ours; what has no counterpart is said."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edgecert.model.carules import host_of
from edgecert.model.findings import Finding, Severity
from edgecert.model.request import (
    BIT_LENGTHS,
    CertificateOptions,
    CertificateRequest,
    ChallengeOptions,
    IssuerOptions,
    RenewalOptions,
    Topology,
)
from edgecert.shared.errors import MaterialError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.model.keys import PrivateKey
    from edgecert.model.request import KeyAlgorithm
    from edgecert.shared.secret import Secret

_SECTION: Final = re.compile(r"(\[+)\s*([^\]]+?)\s*\]+$")
_DAYS: Final = re.compile(r"(\d+)\s*(day|week|hour)s?")
_CURVES: Final[Mapping[str, int]] = {"secp256r1": 256, "secp384r1": 384}
_NO_NAME: Final = re.compile(r"[^a-z0-9._-]+")
# certbot gives its manual hooks what to publish in the environment; ours get it as arguments.
MANUAL_HOOK: Final = (
    'if [ "$1" = present ]; then hook=$AUTH; else hook=$CLEANUP; fi; '
    'CERTBOT_DOMAIN=${2#_acme-challenge.} CERTBOT_VALIDATION=$3 exec sh -c "${hook:-true}"'
)


@dataclass(frozen=True, slots=True)
class RenewalFile:
    """``renewal/NAME.conf``: its top level, ``[renewalparams]`` and the map of webroots."""

    top: Mapping[str, str]
    params: Mapping[str, str]
    webroots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CertbotAccount:
    """An account of certbot's: its key, its URL at the CA, and the contacts."""

    id: str
    key: PrivateKey
    url: str
    contact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CertbotLineage:
    """A lineage of certbot's, whole: its settings, its certificates and key, and the account that renews it."""

    name: str
    renewal: RenewalFile
    fullchain: bytes
    key: Secret
    account: CertbotAccount | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class CertbotPlan:
    """What becomes of a lineage: the request that renews it, and what certbot did that it does not."""

    request: CertificateRequest
    findings: tuple[Finding, ...] = field(default=())


def parse_renewal_file(text: str, name: str) -> RenewalFile:
    """Read a renewal file (ConfigObj: keys, sections by the number of their brackets).

    Raises:
        MaterialError: a line is neither (code ``certbot-malformed``).
    """
    sections: dict[tuple[str, ...], dict[str, str]] = {(): {}}
    place: tuple[str, ...] = ()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        section = _SECTION.fullmatch(line)
        if section is not None:
            place = (*place[: len(section[1]) - 1], section[2])
            sections.setdefault(place, {})
            continue
        key, separator, value = line.partition("=")
        if not separator:
            message = f"renewal/{name}.conf:{number}: {line!r} is neither a key nor a section"
            raise MaterialError(message, code="certbot-malformed")
        sections[place][key.strip()] = _unquote(value.strip())
    params = sections.get(("renewalparams",), {})
    return RenewalFile(sections[()], params, sections.get(("renewalparams", "webroot_map"), {}))


def _unquote(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _items(text: str) -> tuple[str, ...]:
    return tuple(each for part in text.split(",") if (each := _unquote(part.strip())))


def lineage_name(text: str) -> str:
    """Give a name of ours for certbot's ``text``."""
    return _NO_NAME.sub("-", text.lower().replace("*", "wildcard")).lstrip("._-")[:64] or "certbot"


def account_name(account: CertbotAccount | None) -> str:
    """Give what the account is called here; each of certbot's is another one."""
    return f"certbot-{account.id[:8].lower()}" if account and account.id[:8].isalnum() else "default"


def plan_lineage(lineage: CertbotLineage, names: Sequence[str], key: tuple[str, int]) -> CertbotPlan:
    """Give the request that renews ``lineage``: for ``names`` (in the certificate's order), with a ``key`` of its kind.

    What cannot be carried over is a finding, each with what to do; nothing is left out in silence.
    """
    return _Planner(lineage, tuple(names), key).plan()


class _Planner:
    """One run of :func:`plan_lineage`."""

    def __init__(self, lineage: CertbotLineage, names: tuple[str, ...], key: tuple[str, int]) -> None:
        self._lineage = lineage
        self._params = lineage.renewal.params
        self._names = names
        self._key = key
        self._name = lineage_name(lineage.name)
        self._findings: list[Finding] = list(lineage.findings)

    def plan(self) -> CertbotPlan:
        edge = next((name for name in self._names if name.startswith("sip.")), "")
        request = CertificateRequest(
            certificate=self._certificate(),
            topology=Topology(access_edge=edge, additional_names=tuple(each for each in self._names if each != edge)),
            issuer=self._issuer(),
            renewal=RenewalOptions(renew_before=self._renew_before()),
        )
        self._unmapped()
        return CertbotPlan(request, tuple(self._findings))

    def _say(self, code: str, message: str, hint: str, severity: Severity = Severity.WARNING) -> None:
        self._findings.append(Finding(code, severity, (self._name,), f"{self._lineage.name}: {message}", hint))

    def _set(self, text: str) -> str:
        return f"edgecert settings set {self._name} {text}"

    def _certificate(self) -> CertificateOptions:
        params = self._params
        kind: KeyAlgorithm = "rsa" if params.get("key_type", self._key[0]) == "rsa" else "ecdsa"
        # certbot writes down only what is not its default, so that what is there says more.
        bits = self._key[1] if self._key[0] == kind else 0
        if kind == "rsa" and params.get("rsa_key_size", "").isdecimal():
            bits = int(params["rsa_key_size"])
        elif kind == "ecdsa" and "elliptic_curve" in params:
            bits = _CURVES.get(params["elliptic_curve"], bits)
        if bits and bits not in BIT_LENGTHS[kind]:
            message = f"no {kind} key of {bits} bits is made here; the next one has {BIT_LENGTHS[kind][0]}"
            self._say("certbot-not-mapped", message, "nothing is to be done, or another bit_length in a flags file")
            bits = 0
        return CertificateOptions(
            name=self._name,
            friendly_name=self._lineage.name,
            key_algorithm=kind,
            bit_length=bits,
            reuse_key=params.get("reuse_key", "").lower() == "true",
        )

    def _issuer(self) -> IssuerOptions:
        params, account = self._params, self._lineage.account
        if account is None:
            message = (
                "its account was not found, so the first renewal opens a new one; CAA records that pin it refuse that"
            )
            hint = f"read the CA's terms, then: {self._set('issuer.accept_terms=true')}"
            self._say("certbot-without-account", message, hint)
        email = next((each.removeprefix("mailto:") for each in account.contact), "") if account else ""
        return IssuerOptions(
            kind="acme",
            directory=params.get("server", ""),
            account=account_name(account),
            email=email,
            accept_terms=account is not None,
            profile=params.get("required_profile", "") or params.get("preferred_profile", ""),
            challenges=self._challenges(),
        )

    def _renew_before(self) -> str:
        match = _DAYS.fullmatch(self._lineage.renewal.top.get("renew_before_expiry", ""))
        return f"{match[1]}{match[2][0]}" if match else "auto"

    # --- how names are proven ---

    def _challenges(self) -> tuple[ChallengeOptions, ...]:
        authenticator = self._params.get("authenticator", "")
        match authenticator:
            case "standalone":
                host = self._params.get("http01_address", "") or "0.0.0.0"  # noqa: S104  # as certbot does
                port = self._params.get("http01_port", "") or "80"
                listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
                return (ChallengeOptions(type="http-01", listen=listen),)
            case "webroot":
                return self._webroots()
            case "manual":
                return self._manual()
            case _:
                return self._no_challenge(authenticator)

    def _webroots(self) -> tuple[ChallengeOptions, ...]:
        fallback = next(iter(_items(self._params.get("webroot_path", ""))), "")
        places: dict[str, list[str]] = {}
        for name in self._names:
            root = self._lineage.renewal.webroots.get(name, "") or fallback
            if root:
                places.setdefault(root, []).append(name)
        missing = [name for name in self._names if not any(name in names for names in places.values())]
        if missing:
            message = f"there is no webroot for {', '.join(missing)}"
            self._say("certbot-not-mapped", message, "say how it is proven in [[issuer.challenges]]")
        if len(places) == 1 and not missing:
            return (ChallengeOptions(type="http-01", webroot=next(iter(places))),)
        return tuple(
            ChallengeOptions(names=tuple(names), type="http-01", webroot=root) for root, names in places.items()
        )

    def _manual(self) -> tuple[ChallengeOptions, ...]:
        hook = self._params.get("manual_auth_hook", "")
        preferred = next(iter(_items(self._params.get("pref_challs", ""))), "http-01")
        if not hook or preferred != "dns-01":
            return self._no_challenge("manual")
        clean = self._params.get("manual_cleanup_hook", "")
        message = (
            "its hooks are run by a shell as certbot did, with CERTBOT_DOMAIN and CERTBOT_VALIDATION; the other "
            "variables of certbot are not there"
        )
        self._say("certbot-hook", message, f"see that they do: {hook}", Severity.INFO)
        command = ("env", f"AUTH={hook}", f"CLEANUP={clean}", "sh", "-c", MANUAL_HOOK, "sh")
        return (ChallengeOptions(type="dns-01", provider="command", command=command),)

    def _no_challenge(self, authenticator: str) -> tuple[ChallengeOptions, ...]:
        said = f"certbot proved the names by {authenticator or 'nothing that is written down'}"
        if authenticator.startswith("dns-"):
            hint = "dns-01 by a command of yours, or RFC 2136"
        elif authenticator in {"nginx", "apache"}:
            hint = "http-01 with the document root that this web server has for the names"
        else:
            hint = "http-01 with listen or webroot, or dns-01"
        self._say(
            "certbot-not-mapped",
            f"{said}, which has no counterpart here: it cannot be renewed yet",
            f"write a flags file with [[issuer.challenges]] ({hint}), and: edgecert apply -c FILE",
        )
        return ()

    # --- what certbot did beside ---

    def _unmapped(self) -> None:
        params = self._params
        if params.get("must_staple", "").lower() == "true":
            message = "must-staple is not asked for any more: public CAs have ended OCSP"
            self._say("certbot-not-mapped", message, "nothing is to be done")
        if params.get("autorenew", "").lower() == "false":
            message = "certbot was told not to renew it; edgecert renew does"
            self._say("certbot-not-mapped", message, f"if it is not needed: edgecert remove {self._name}")
        for hook in ("pre_hook", "renew_hook", "post_hook"):
            command = params.get(hook, "")
            if command and command != "None":
                hint = (
                    "add a [[deploy]] target of kind files that writes where the service reads, with reload_command = "
                    f'["sh", "-c", "{command}"]'
                )
                self._say("certbot-hook", f"its {hook.replace('_', '-')} is not run by edgecert: {command}", hint)
        installer = params.get("installer", "")
        if installer and installer != "None":
            message = (
                f"certbot's installer {installer} put it into service; edgecert does not change that server's files"
            )
            self._say("certbot-hook", message, "add a [[deploy]] target of kind files")


def server_path(server: str) -> str:
    """Give where below ``accounts/`` certbot keeps the accounts of a directory: its URL without the scheme."""
    return server.partition("://")[2].rstrip("/") if host_of(server) else ""
