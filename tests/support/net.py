"""Loopback networks: each test gets a /24 of its own, so that the well-known ports stay what they are."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_REGISTRY = Path(tempfile.gettempdir()) / f"edgecert-loopback-{os.getuid()}"


@contextmanager
def loopback_net() -> Iterator[str]:
    """Give a prefix such as ``127.31.7.`` that no other process of this user holds, for as long as the context lasts.

    The claim is a lock on a file named after the network: it ends with the process, however that dies.
    """
    _REGISTRY.mkdir(mode=0o700, exist_ok=True)
    networks = [(first, second) for first in range(16, 250) for second in range(1, 250)]
    random.shuffle(networks)
    for first, second in networks:
        path = _REGISTRY / f"{first}.{second}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        try:
            yield f"127.{first}.{second}."
        finally:
            # The file stays: who took it away could lock a network that another already holds by the old file.
            os.close(descriptor)
        return
    message = "every loopback network is taken"
    raise RuntimeError(message)


def free_port(address: str = "127.0.0.1") -> int:
    """Give a TCP port that was free a moment ago on ``address``."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
