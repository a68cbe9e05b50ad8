from __future__ import annotations

import re

from edgecert.wizard.authorities import AUTHORITIES, authority_of


def test_a_known_directory_names_its_ca() -> None:
    for entry in AUTHORITIES:
        assert authority_of(entry.directory) is entry
        assert all(re.fullmatch(r"https://\S+", url) for url in (entry.directory, entry.staging) if url)
    assert authority_of("https://ca.example/directory") is None
