"""What many targets came to, as one error."""

from __future__ import annotations

from edgecert.lifecycle.results import first_failure
from edgecert.shared.errors import ExitCode
from tests.support.world import World, a_request


def test_one_failure_keeps_its_code_and_several_the_worst_exit_code() -> None:
    world = World()
    request = a_request("edge", "gw", "second")
    world.apply(request)
    bundle = world.store.load_bundle("edge", 1)
    world.targets["gw"].forbidden = True
    (result,) = world.deploying.deploy(bundle, request.deploy[:1])
    failure = first_failure([result])
    assert failure is not None
    assert (failure.code, failure.exit_code) == ("permission", ExitCode.PERMISSION)
    world.targets["second"].refusing = True
    failure = first_failure(world.deploying.deploy(bundle, request.deploy))
    assert failure is not None
    assert (failure.code, failure.exit_code) == ("deploy", ExitCode.PERMISSION)
    assert "gw: the socket may not be opened; second: the reload command failed" in failure.message
