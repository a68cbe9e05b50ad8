"""A running edgecert-gateway as a deploy target: pushed over its control socket, verified by real handshakes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.deploy.verifying import Question, see_served
from edgecert.interfaces import DEPLOY_AS_USUAL, TargetVerdict, Verification
from edgecert.shared.control import SwapRequest, encode_swap
from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import EdgecertError, TargetNotRunningError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from edgecert.interfaces import DeployOptions, Prober
    from edgecert.model.request import DeployTarget
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

SWAP_TIMEOUT: Final = 30.0
LOOPBACK_OF: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  # asked there, not bound


class GatewayDeployer:
    """Hands generations to the gateway that listens at the target's control socket.

    Implements :class:`edgecert.interfaces.Deployer`.
    """

    def __init__(self, target: DeployTarget, prober: Prober) -> None:
        """Deploy to ``target``; ask its listeners by ``prober``."""
        self._prober = prober
        self._client = ControlClient(Path(target.control), timeout=SWAP_TIMEOUT, expect_user=target.user)

    def push(self, bundle: Bundle, options: DeployOptions) -> None:
        """Put ``bundle`` into service.

        Raises:
            TargetNotRunningError: nobody listens; the deployment stays open.
            ControlError: the gateway refused, by its own code; it serves what it served before.
            PermissionDeniedError: the socket may not be used, or somebody else listens there.
        """
        version = self._client.negotiate()
        request = SwapRequest(
            bundle,
            close_old_streams=options.close_old_streams,
            allow_drop=options.allow_drop,
            rollback=options.rollback,
            replaces=options.replaces,
        )
        self._client.post("/v1/swap", encode_swap(request, api=version))

    def stage(self, bundle: Bundle, effective_at: datetime, options: DeployOptions = DEPLOY_AS_USUAL) -> bool:
        """Hand ``bundle`` over; the gateway swaps itself at the date, also after a restart. Raises as :meth:`push`."""
        version = self._client.negotiate()
        request = SwapRequest(
            bundle,
            effective_at=effective_at,
            close_old_streams=options.close_old_streams,
            allow_drop=options.allow_drop,
        )
        answer = self._client.post("/v1/swap", encode_swap(request, api=version))
        return answer.get("staged") is True

    def cancel_staged(self, name: str) -> None:
        """Withdraw what the gateway holds staged for the lineage. Raises as :meth:`push`."""
        self._client.post("/v1/staged/cancel", {"name": name})

    def verify(self, bundle: Bundle) -> Verification:
        """See by a handshake per listener and domain of this lineage what is served."""
        try:
            status = self._client.get("/v1/status")
        except TargetNotRunningError as error:
            return Verification(TargetVerdict.NOT_RUNNING, error=error.message)
        except EdgecertError as error:
            return Verification(TargetVerdict.UNVERIFIED, error=error.message)
        questions = tuple(_questions(status, bundle.meta.name))
        if not questions:
            message = f"no listener of the gateway serves a domain with {bundle.meta.name}{_others(status)}"
            return Verification(TargetVerdict.UNVERIFIED, error=message)
        return see_served(self._prober, questions, bundle.meta.fingerprint_sha256)


def _questions(status: JsonObject, lineage: str) -> Iterator[Question]:
    """Give every listener × served domain; where the gateway says which domains it serves by ``lineage``, those."""
    own = _own_domains(status, lineage)
    for listener in _objects(status.get("listeners")):
        address, protocol = str(listener.get("address", "")), str(listener.get("protocol", ""))
        for domain in _texts(listener.get("domains")):
            if own is None or domain in own:
                yield Question(_reachable(address), protocol, domain)


def _own_domains(status: JsonObject, lineage: str) -> frozenset[str] | None:
    for certificate in _objects(status.get("certificates")):
        if certificate.get("name") == lineage and "domains" in certificate:
            return frozenset(_texts(certificate["domains"]))
    return None


def _others(status: JsonObject) -> str:
    """Say what is served instead, and how that is changed."""
    names = [str(entry.get("name")) for entry in _objects(status.get("certificates")) if entry.get("domains")]
    return f", but with {', '.join(names)}: gateway.certificates decides which comes first" if names else ""


def _reachable(address: str) -> str:
    """Give an address to connect to for one that is listened on: a wildcard is asked at loopback."""
    host, _, port = address.rpartition(":")
    return f"{LOOPBACK_OF[host]}:{port}" if host in LOOPBACK_OF else address


def _objects(value: JsonValue) -> list[JsonObject]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _texts(value: JsonValue) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
