"""TSIG keys (RFC 8945), read from the files that nameservers' own tools write."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.shared.configfile import read_secret_file
from edgecert.shared.errors import UsageError
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

ALGORITHMS: Final = ("hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1", "hmac-md5")
DEFAULT_ALGORITHM: Final = "hmac-sha256"

_COLONS: Final = re.compile(r"^(hmac-[a-z0-9]+):([^:\s]+):([A-Za-z0-9+/=]+)\s*$", re.MULTILINE)
_BIND_NAME: Final = re.compile(r'\bkey\s+"?([^"\s{]+)"?\s*\{')
_KNOT_NAME: Final = re.compile(r"^\s*-?\s*id:\s*[\"']?([^\s\"']+)", re.MULTILINE)
_ALGORITHM: Final = re.compile(r"\balgorithm:?\s+[\"']?(hmac-[a-z0-9]+)")
_SECRET: Final = re.compile(r"\bsecret:?\s+[\"']?([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class TsigKey:
    """A key shared with a nameserver; the secret is the decoded one."""

    name: str
    algorithm: str
    secret: Secret


def load_tsig_key(path: Path, *, name: str = "", algorithm: str = "") -> TsigKey:
    """Give the key in ``path``.

    It is what ``tsig-keygen`` (BIND) or ``keymgr -t`` (Knot) wrote, one line ``algorithm:name:secret``, or the secret
    alone in base64, and then ``name`` is needed.

    ``name`` and ``algorithm`` count before what the file says.

    Raises:
        PermissionDeniedError: others can read the file.
        UsageError: it is not there, or no key is in it (code ``tsig-key``).
    """
    text = read_secret_file(path).reveal().decode("utf-8", errors="replace")
    found = _COLONS.search(re.sub(r"^#\s*", "", text, flags=re.MULTILINE))
    if found:
        parts = (found[2], found[1], found[3])
    else:
        named = _BIND_NAME.search(text) or _KNOT_NAME.search(text)
        secret = _SECRET.search(text)
        spelled = _ALGORITHM.search(text)
        parts = (named[1] if named else "", spelled[1] if spelled else "", secret[1] if secret else text.strip())
    key_name, key_algorithm = name or parts[0], algorithm or parts[1] or DEFAULT_ALGORITHM
    if not key_name:
        message = f"{path} does not say the name of the key"
        raise UsageError(
            message, code="tsig-key", hint="say it with --tsig-name, or use the file that tsig-keygen wrote"
        )
    if key_algorithm not in ALGORITHMS:
        message = f"{path}: {key_algorithm} is no TSIG algorithm that is known here"
        raise UsageError(message, code="tsig-key", hint=f"known: {', '.join(ALGORITHMS)}")
    try:
        decoded = base64.b64decode(parts[2], validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded:
        message = f"{path} holds no TSIG key"
        hint = "what tsig-keygen or keymgr -t wrote, algorithm:name:secret, or the secret in base64"
        raise UsageError(message, code="tsig-key", hint=hint)
    return TsigKey(key_name.removesuffix("."), key_algorithm, Secret(decoded))
