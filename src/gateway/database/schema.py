"""The tables of the gateway's database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMA_VERSION: Final = 3
"""1: partners. 2: contacts, queued stanzas. 3: when TLS was used."""

METADATA: Final = MetaData()

schema_version: Final = Table("schema_version", METADATA, Column("version", Integer, nullable=False))

partners: Final = Table(
    "partners",
    METADATA,
    Column("domain", String, primary_key=True),
    Column("description", String, nullable=False),
    Column("type", String, nullable=False),
    Column("tls", String, nullable=False),
    Column("sasl", String, nullable=False),
    Column("dialback", Boolean, nullable=False),
    Column("keep_alive", Boolean, nullable=False),
    Column("connection_limit", Integer, nullable=False),
    Column("proxy", String, nullable=False),
    Column("queue_persist", Boolean, nullable=False),
)

# The primary key makes two partners with one additional domain impossible, whoever writes.
additional_domains: Final = Table(
    "additional_domains",
    METADATA,
    Column("domain", String, primary_key=True),
    Column("partner", String, ForeignKey("partners.domain", ondelete="CASCADE"), nullable=False),
)

# Both bare JIDs by their prepared parts (RFC 7622); an absent localpart is the empty string.
contacts: Final = Table(
    "contacts",
    METADATA,
    Column("home_local", String, primary_key=True),
    Column("home_domain", String, primary_key=True),
    Column("partner_local", String, primary_key=True),
    Column("partner_domain", String, primary_key=True),
    Column("listed", Boolean, nullable=False),
    Column("asked", Boolean, nullable=False),
    Column("to", Boolean, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("pinned", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

# Messages that wait for a partner that is down. The number is never used again, so that order survives a restart.
queued_stanzas: Final = Table(
    "queued_stanzas",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("home", String, nullable=False),
    Column("domain", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("receiver", String, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("accepted_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Index("queued_stanzas_by_pair", "home", "domain", "number"),
    sqlite_autoincrement=True,
)

# When a stream to a domain last used TLS, to a day or so.
tls_used: Final = Table(
    "tls_used",
    METADATA,
    Column("domain", String, primary_key=True),
    Column("used_at", Float, nullable=False),
    sqlite_with_rowid=False,
)
