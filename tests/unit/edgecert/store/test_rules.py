from __future__ import annotations

import pytest

from edgecert.interfaces import Deployment, Deployments, Staged
from edgecert.shared.errors import StoreError
from edgecert.store import rules
from tests.support.bundles import START, a_request


def test_newest_not_held() -> None:
    assert rules.newest_not_held((1, 3, 2), {3: "x"}) == 2
    assert rules.newest_not_held((1,), {1: "x"}) is None
    assert rules.newest_not_held((), {}) is None


def test_in_use_is_wanted_serving_and_staged() -> None:
    targets = (Deployment("a", "gateway", wanted=3, serving=2), Deployment("b", "files", wanted=3))
    assert rules.in_use(Deployments(targets), Staged(5, START)) == {2, 3, 5}
    assert rules.in_use(Deployments(), None) == frozenset()


@pytest.mark.parametrize(
    ("keep", "protect", "current", "gone"),
    [
        (5, (), 7, (1, 2)),
        (1, (), 7, (1, 2, 3, 4, 5, 6)),
        (0, (), 7, (1, 2, 3, 4, 5, 6)),
        (-3, (), 4, (1, 2, 3, 5, 6)),
        (2, (1, 3), 7, (2, 4, 5)),
        (100, (), 7, ()),
    ],
)
def test_plan_prune(keep: int, protect: tuple[int, ...], current: int, gone: tuple[int, ...]) -> None:
    assert rules.plan_prune(range(1, 8), keep=keep, protect=frozenset(protect), current=current) == gone


def test_chooses_open_before_cancelled_before_completed_and_the_newest() -> None:
    requests = [
        a_request("edge", "done", state="completed", age=9),
        a_request("edge", "gone", state="cancelled", age=8),
        a_request("edge", "older"),
        a_request("edge", "newer", age=1),
        a_request("edge", "other", number=2, age=9),
    ]
    wanted = requests[0].spki_sha256
    order = []
    while (found := rules.choose_request(requests, wanted)) is not None:
        order.append(found.id)
        requests.remove(found)
    assert order == ["newer", "older", "gone", "done"]


@pytest.mark.parametrize("text", ["", "..", "a/b", ".x", "x" * 65, "a\n"])
def test_request_ids_never_leave_their_directory(text: str) -> None:
    with pytest.raises(StoreError):
        rules.verify_request_id(text)
