"""``edgecert.shared`` holds what both programs use, and nothing that only one of them needs."""

from __future__ import annotations

from typing import Final

import grimp
import pytest

# Where both programs will look for them, though only the gateway has a use for them yet:
# edgecert knows by its fingerprint what a listener serves, and its own service does not yet report to systemd.
# A package is imported by both through its modules.
ONE_SIDED: Final = frozenset({"edgecert.shared.identity", "edgecert.shared.sdnotify", "edgecert.shared.tui"})


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("edgecert", "gateway", cache_dir=None)


def test_both_programs_import_each_shared_module(graph: grimp.ImportGraph) -> None:
    shared = graph.find_descendants("edgecert.shared")
    own = {module for module in graph.modules if module.startswith("edgecert.")} - shared
    gateway = {module for module in graph.modules if module.startswith("gateway.")}
    missing = []
    for module in sorted(shared - ONE_SIDED):
        users = graph.find_downstream_modules(module)
        missing += [
            f"{program} does not import {module}"
            for program, those in (("edgecert", own), ("gateway", gateway))
            if not users & those
        ]
    assert not missing, "\n".join(missing)
