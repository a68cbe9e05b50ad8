from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.dns.tsig import load_tsig_key
from edgecert.shared.errors import PermissionDeniedError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "c2VjcmV0"
FORMS = {
    "bind": f'key "edgecert" {{\n\talgorithm hmac-sha512;\n\tsecret "{SECRET}";\n}};\n',
    "knot": f"# hmac-sha512:edgecert:{SECRET}\nkey:\n  - id: x\n    algorithm: hmac-sha1\n    secret: {SECRET}\n",
    "knot without the comment": f"key:\n  - id: edgecert.\n    algorithm: hmac-sha512\n    secret: {SECRET}\n",
    "one line": f"hmac-sha512:edgecert:{SECRET}\n",
}


def write(directory: Path, text: str, mode: int = 0o600) -> Path:
    path = directory / "tsig.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_reads_what_nameservers_tools_write(tmp_path: Path, form: str) -> None:
    key = load_tsig_key(write(tmp_path, FORMS[form]))
    assert (key.name, key.algorithm, key.secret.reveal()) == ("edgecert", "hmac-sha512", b"secret")
    assert "secret" not in repr(key).replace("secret=", "")


def test_a_bare_secret_needs_a_name(tmp_path: Path) -> None:
    path = write(tmp_path, f"{SECRET}\n")
    key = load_tsig_key(path, name="edgecert.")
    assert (key.name, key.algorithm, key.secret.reveal()) == ("edgecert", "hmac-sha256", b"secret")
    with pytest.raises(UsageError, match="name of the key"):
        load_tsig_key(path)


@pytest.mark.parametrize("text", ["hmac-sha256:edgecert:!!!", "not base64 at all", "hmac-crc32:edgecert:c2VjcmV0"])
def test_refuses_what_is_no_key(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_tsig_key(write(tmp_path, text), name="edgecert")
    assert caught.value.code == "tsig-key"


def test_refuses_a_key_that_others_can_read(tmp_path: Path) -> None:
    with pytest.raises(PermissionDeniedError):
        load_tsig_key(write(tmp_path, FORMS["bind"], 0o644))
