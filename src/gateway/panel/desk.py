"""The calls that the panel makes, over the control socket, or over the status socket that only shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

from edgecert.shared.clock import format_time
from edgecert.shared.errors import ControlError, EdgecertError, PermissionDeniedError, TargetNotRunningError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from edgecert.shared.control import CloseOldStreams
    from edgecert.shared.controlclient import ControlClient
    from edgecert.shared.jsonvalue import JsonObject


class Desk(Protocol):
    """What the panel asks of a gateway and tells it. Each call may take seconds and raise an ``EdgecertError``."""

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed, and nothing private be seen."""
        ...

    def look(self) -> JsonObject:
        """Give ``{"status", "partners", "streams", "failures"}``, each as its call answers."""
        ...

    def contacts(self) -> JsonObject:
        """Give ``{"contacts", "knocks"}``."""
        ...

    def apply_partners(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table of partners equal ``partners``, or say what would change."""
        ...

    def put_partner(self, partner: JsonObject) -> JsonObject:
        """Add or replace a partner."""
        ...

    def remove_partner(self, domain: str) -> JsonObject:
        """Take a partner away."""
        ...

    def add_contact(self, home: str, partner: str) -> JsonObject:
        """Pin a contact."""
        ...

    def remove_contact(self, home: str, partner: str) -> JsonObject:
        """Forget a contact."""
        ...

    def swap(self, name: str, generation: int | None, close: CloseOldStreams) -> JsonObject:
        """Put a held generation into service; None is the one before the present one."""
        ...

    def stage(self, name: str, generation: int, when: datetime, close: CloseOldStreams) -> JsonObject:
        """Put a held generation into service at a date."""
        ...

    def cancel_staged(self, name: str) -> JsonObject:
        """Withdraw what is staged."""
        ...

    def start_test(self, domain: str) -> JsonObject:
        """Begin to reach a domain: ``{"id", "domain", "home", "is_partner"}``."""
        ...

    def test_steps(self, identity: str, after: int) -> JsonObject:
        """Wait for further steps: ``{"steps", "finished", "reached"}``."""
        ...


class SocketDesk:
    """The calls over a socket. Implements :class:`Desk`."""

    def __init__(self, client: ControlClient, *, read_only: bool) -> None:
        """Speak by ``client``."""
        self._client = client
        self.read_only = read_only

    def look(self) -> JsonObject:
        """Give all that is shown and changes by itself."""
        client = self._client
        status = client.get("/v1/status")
        partners, streams = client.get("/v1/partners"), client.get("/v1/streams")
        return {
            "status": status,
            "partners": partners.get("partners"),
            "streams": streams.get("streams"),
            "failures": _optional(lambda: client.get("/v1/failures")).get("failures"),
        }

    def contacts(self) -> JsonObject:
        """Give contacts and knocks."""
        return self._client.get("/v1/contacts")

    def apply_partners(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table equal ``partners``."""
        return self._client.post("/v1/partners/apply", {"partners": list(partners), "dry_run": dry_run})

    def put_partner(self, partner: JsonObject) -> JsonObject:
        """Add or replace a partner."""
        return self._client.put(f"/v1/partners/{quote(str(partner['domain']), safe='')}", partner)

    def remove_partner(self, domain: str) -> JsonObject:
        """Take a partner away."""
        return self._client.delete(f"/v1/partners/{quote(domain, safe='')}")

    def add_contact(self, home: str, partner: str) -> JsonObject:
        """Pin a contact."""
        return self._client.post("/v1/contacts/add", {"home": home, "partner": partner})

    def remove_contact(self, home: str, partner: str) -> JsonObject:
        """Forget a contact."""
        return self._client.post("/v1/contacts/remove", {"home": home, "partner": partner})

    def swap(self, name: str, generation: int | None, close: CloseOldStreams) -> JsonObject:
        """Put a held generation into service."""
        body: JsonObject = {"name": name, "generation": generation, "close_old_streams": close}
        return self._client.post("/v1/swap-held", body)

    def stage(self, name: str, generation: int, when: datetime, close: CloseOldStreams) -> JsonObject:
        """Put a held generation into service at a date."""
        body: JsonObject = {"name": name, "generation": generation, "effective_at": format_time(when)}
        return self._client.post("/v1/stage-held", {**body, "close_old_streams": close})

    def cancel_staged(self, name: str) -> JsonObject:
        """Withdraw what is staged."""
        return self._client.post("/v1/staged/cancel", {"name": name})

    def start_test(self, domain: str) -> JsonObject:
        """Begin to reach a domain."""
        return self._client.post("/v1/partner-tests", {"domain": domain, "home": ""})

    def test_steps(self, identity: str, after: int) -> JsonObject:
        """Wait for further steps."""
        return self._client.get(f"/v1/partner-tests/{quote(identity, safe='')}?after={after}")


def open_desk(client: Callable[[bool], ControlClient]) -> SocketDesk:
    """Give the desk of the control socket, or of the status socket where that is all that may be used.

    ``client`` gives the client of the control socket (True) or of the status socket (False); with ``--socket`` both are
    the one that was named, and what it is shows in what it refuses.

    Raises:
        TargetNotRunningError: no gateway listens.
        PermissionDeniedError: neither socket may be used.
        ControlError: what listens speaks another version, or no control API.
    """
    control = client(True)
    try:
        control.negotiate()
        return SocketDesk(control, read_only=_is_status_socket(control))
    except (PermissionDeniedError, TargetNotRunningError) as error:
        status = client(False)
        try:
            status.negotiate()
        except (PermissionDeniedError, TargetNotRunningError):
            raise error from None
        return SocketDesk(status, read_only=True)


def _is_status_socket(client: ControlClient) -> bool:
    """Whether the socket refuses what only the control socket answers."""
    nobody = urlencode({"home": "nobody@invalid", "partner": "nobody@invalid"})
    try:
        client.get(f"/v1/contacts?{nobody}")
    except ControlError as error:
        if error.code == "no-such-call":
            return True
        raise
    return False


def _optional(call: Callable[[], JsonObject]) -> JsonObject:
    """Give the answer of a call that an older gateway does not have."""
    try:
        return call()
    except EdgecertError as error:
        if error.code == "no-such-call":
            return {}
        raise
