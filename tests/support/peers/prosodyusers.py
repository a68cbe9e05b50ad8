"""Prosody with users of its own: accounts, rosters, presence. They connect in the clear, on loopback."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import textwrap
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from tests.support.component import Component
from tests.support.peers.process import PeerProcess
from tests.support.peers.prosody import Prosody, install

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.pki import Issued

PASSWORD: Final = "sesame"


@contextmanager
def run_prosody_with_users(
    directory: Path,
    address: str,
    domain: str,
    users: tuple[str, ...],
    issued: Issued,
    *,
    ca_file: Path,
    nameserver: str,
) -> Iterator[Prosody]:
    """Run it for ``users`` (localparts) at ``domain`` while the context lasts.

    Raises:
        PeerError: it did not come up.
    """
    accounts = directory / "data" / domain.replace(".", "%2e") / "accounts"
    for made in (directory / "certs", accounts):
        made.mkdir(parents=True, mode=0o700)
    for user in users:
        (accounts / f"{user}.dat").write_text(f'return {{ ["password"] = "{PASSWORD}" }};\n', encoding="utf-8")
    install(directory / "certs", domain, issued)
    (directory / "resolv.conf").write_text(f"nameserver {nameserver}\n", encoding="utf-8")
    config = directory / "prosody.cfg.lua"
    config.write_text(
        textwrap.dedent(f"""\
            run_as_root = true
            daemonize = false
            pidfile = "{directory}/prosody.pid"
            data_path = "{directory}/data"
            certificates = "{directory}/certs"
            interfaces = {{ "{address}" }}
            local_interfaces = {{ "{address}" }}
            unbound = {{ resolvconf = "{directory}/resolv.conf"; hoststxt = false }}
            ssl = {{ cafile = "{ca_file}" }}
            modules_enabled = {{ "roster"; "disco"; "saslauth"; "tls"; "ping"; "posix"; "pep" }}
            modules_disabled = {{ "dialback"; "limits" }}
            authentication = "internal_plain"
            c2s_require_encryption = false
            allow_unencrypted_plain_auth = true
            s2s_secure_auth = true
            s2s_require_encryption = true
            c2s_ports = {{ 5222 }}
            c2s_direct_tls_ports = {{ }}
            s2s_ports = {{ 5269 }}
            s2s_direct_tls_ports = {{ }}
            component_ports = {{ }}
            http_ports = {{ }}
            https_ports = {{ }}
            log = {{ info = "{directory}/prosody.log" }}
            VirtualHost "{domain}"
            """),
        encoding="utf-8",
    )
    program = shutil.which("prosody") or "prosody"
    process = PeerProcess((program, "-F", "--config", str(config)), os.environ, directory / "prosody.out")
    process.start(address, 5269, 5222)
    try:
        yield Prosody(domain, address, directory, process)
    finally:
        process.stop()


class Client(Component):
    """A user's connection, down to the bytes: what :class:`Component` can do, after another beginning."""

    async def sign_in(self, user: str, resource: str) -> None:
        """Authenticate (SASL PLAIN), bind ``resource``, ask for the roster and become available."""
        await self._open()
        secret = base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
        await self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>")
        answer = await self._until(r"<(success|failure)\b.*?(?:/>|</\1>)")
        if "<success" not in answer:
            message = f"{user} was not let in: {answer}"
            raise AssertionError(message)
        await self._open()
        bind = f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind>"
        await self.send(f"<iq type='set' id='bind'>{bind}</iq>")
        await self.receive_matching(r"id=['\"]bind['\"]")
        await self.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
        await self.receive_matching(r"id=['\"]roster['\"]")
        await self.send("<presence/>")
        await self.receive_matching(r"<presence\b")  # its own, from its own server

    async def _open(self) -> None:
        await self.send(
            f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
            f"to='{self.domain}' version='1.0'>"
        )
        await self._until(r"</stream:features>")


@asynccontextmanager
async def connect_client(prosody: Prosody, user: str, resource: str = "test") -> AsyncIterator[Client]:
    """Connect and sign in as ``user``; close in the end."""
    reader, writer = await asyncio.open_connection(prosody.address, 5222)
    client = Client(prosody.domain, reader, writer)
    try:
        await client.sign_in(user, resource)
        yield client
    finally:
        await client.close()
