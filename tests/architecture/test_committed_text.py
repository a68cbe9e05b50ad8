"""Nothing in the tree knows the machine it was written on, or where its packages came from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
# Written so that this file does not match itself.
TELLTALES: Final = {
    "a path of a machine": re.compile(
        r"(?<![\w.~-])/(?:wor[k]|tmp/brie[f]|opt/(?:whee|py)[lp]|roo[t]/\.|hom[e]/(?!edge\b)\w+/)"
    ),
    "a package registry": re.compile(
        r"(?:pyp[i]|pythonhoste[d]|npmj[s]|registry\.np[m]|(?:deb|security|snapshot)\.debia[n])\.(?:org|com)"
    ),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVAT[E] KEY-----\s*\n[A-Za-z0-9+/=\s]{100}"),
}


def committed_files() -> list[Path]:
    """Give the files that are, or would be, committed."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("telltale", TELLTALES)
def test_no_committed_file_holds(telltale: str) -> None:
    found = []
    for path in committed_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for match in TELLTALES[telltale].finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line}: {match.group()[:60]}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-uv.lock"])
def test_locks_hold_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=sha256:)", text, re.MULTILINE)
    pins = [line for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    assert pins
    assert all(line.endswith("\\") for line in pins)  # a hash follows each pin
