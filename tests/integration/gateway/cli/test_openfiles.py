from __future__ import annotations

import resource
from dataclasses import replace

from gateway.cli.openfiles import OWN_FILES, describe_shortage, open_files_needed, raise_open_files
from gateway.settings import GatewaySettings, LimitOptions


def settings(limit: int) -> GatewaySettings:
    return replace(GatewaySettings(), limits=LimitOptions(connection_limit=limit))


def test_each_inbound_stream_may_need_an_outbound_one() -> None:
    assert open_files_needed(settings(500)) == 1000 + OWN_FILES


def test_a_shortage_says_the_number_to_set() -> None:
    assert describe_shortage(settings(500), 2000) == ""
    assert f"LimitNOFILE={1000 + OWN_FILES}" in describe_shortage(settings(500), 1024)


def test_the_soft_limit_is_raised_as_far_as_needed_and_allowed() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert raise_open_files(settings(100)) == ""
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 200 + OWN_FILES
        assert raise_open_files(settings(10)) == ""
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 200 + OWN_FILES
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
