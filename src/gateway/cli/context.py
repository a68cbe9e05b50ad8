"""What a verb runs with: its arguments, its voice, and the way to the configuration and to a running gateway."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from edgecert.shared.clock import Clock
    from edgecert.shared.controlclient import ControlClient
    from edgecert.shared.errors import PermissionDeniedError
    from edgecert.shared.output import Output
    from gateway.settings import GatewaySettings

DEFAULT_CONFIG: Final = Path("/etc/edgecert-gateway/gateway.toml")
CONFIG_VARIABLE: Final = "EDGECERT_GATEWAY_CONFIG"


@dataclass(frozen=True, slots=True)
class GatewayContext:
    """What a verb runs with."""

    args: argparse.Namespace
    output: Output
    environ: Mapping[str, str]
    clock: Clock

    @property
    def config(self) -> Path:
        """The configuration file: ``--config``, ``EDGECERT_GATEWAY_CONFIG``, or where the units expect it."""
        given = vars(self.args).get("config")
        return Path(given or self.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be changed."""
        return bool(vars(self.args).get("dry_run", False))

    def settings(self) -> GatewaySettings:
        """Read the configuration file.

        Raises:
            ConfigError: with every problem of the file.
        """
        from gateway.settings import load_gateway_settings

        return load_gateway_settings(self.config)

    def settings_of_the_stopped(self) -> GatewaySettings:
        """Read the configuration file in order to open the state directory of a gateway that does not run.

        Only its own user may: what another one leaves there, root too, the gateway could not read at its next start.

        Raises:
            ConfigError: with every problem of the file.
            PermissionDeniedError: ``wrong-user``.
        """
        settings = self.settings()
        state_dir = Path(settings.gateway.state_dir)
        if state_dir.exists() and (owner := state_dir.stat().st_uid) != os.geteuid():
            raise _wrong_user(state_dir, owner)
        return settings

    def client(self, *, changing: bool) -> ControlClient:
        """Give a client of the running gateway: of its control socket, or for ``changing=False`` of its status socket.

        The socket is the one of ``--socket``; else of the configuration file; else, where that may not be read, the
        default.

        Raises:
            ConfigError: the configuration file is wrong.
        """
        from edgecert.shared.controlclient import ControlClient

        given = vars(self.args).get("socket")
        return ControlClient(Path(given) if given else self._socket(changing=changing), timeout=30.0)

    def running(self, *, changing: bool) -> ControlClient | None:
        """Give a client that has agreed with the running gateway on a version; None if no gateway listens.

        A socket that was named with ``--socket`` must have one behind it.

        Raises:
            ConfigError: the configuration file is wrong.
            TargetNotRunningError: ``--socket`` names a socket and nobody listens there.
            PermissionDeniedError: the socket may not be used.
        """
        from edgecert.shared.errors import TargetNotRunningError

        client = self.client(changing=changing)
        try:
            client.negotiate()
        except TargetNotRunningError:
            if vars(self.args).get("socket"):
                raise
            return None
        return client

    def _socket(self, *, changing: bool) -> Path:
        from edgecert.shared.control import DEFAULT_CONTROL, DEFAULT_STATUS

        chosen = vars(self.args).get("config") or self.environ.get(CONFIG_VARIABLE)
        if not chosen and not os.access(DEFAULT_CONFIG, os.R_OK):
            return DEFAULT_CONTROL if changing else DEFAULT_STATUS
        options = self.settings().gateway
        return Path(options.control if changing else options.status)


def _wrong_user(state_dir: Path, owner: int) -> PermissionDeniedError:
    import pwd  # only for this message

    from edgecert.shared.errors import PermissionDeniedError

    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = f"#{owner}"
    return PermissionDeniedError(
        f"no gateway is running, and its state directory {state_dir} belongs to {name}",
        code="wrong-user",
        hint=f"start the gateway, or do this as its user: sudo -u {name} edgecert-gateway …",
    )
