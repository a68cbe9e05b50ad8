"""The calls over real sockets, by the client that edgecert uses."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.control import MAX_BODY
from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import ControlError, MaterialError
from gateway.net.control import ControlServer
from gateway.net.controlcalls import ControlCalls
from tests.support.plane import PlaneRig, RecordingPlane, serving_plane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from edgecert.shared.jsonvalue import JsonObject


def _post(path: str, body: JsonObject, client: ControlClient) -> JsonObject:
    return client.post(path, body)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PlaneRig]:
    async with serving_plane(tmp_path) as serving:
        yield serving


async def test_status_socket_refuses_changing_calls(rig: PlaneRig) -> None:
    refusal = await rig.refusal(lambda client: client.post("/v1/reload", {}), socket="status")
    assert refusal.code == "no-such-call"
    assert "control socket" in refusal.hint
    private = await rig.refusal(lambda client: client.get("/v1/contacts"), socket="status")
    assert private.code == "no-such-call"
    assert rig.plane.calls == []


async def test_changing_calls_reach_the_plane_with_what_was_said(rig: PlaneRig) -> None:
    await rig.call(
        lambda client: client.post("/v1/swap-held", {"name": "edge", "generation": 3, "close_old_streams": "now"})
    )
    await rig.call(lambda client: client.post("/v1/swap-held", {"name": "edge"}))
    await rig.call(
        lambda client: client.post(
            "/v1/stage-held",
            {
                "name": "edge",
                "generation": 2,
                "effective_at": "2027-01-02T03:04:05Z",
                "close_old_streams": "drain",
            },
        )
    )
    await rig.call(lambda client: client.post("/v1/staged/cancel", {"name": "edge"}))
    await rig.call(lambda client: client.post("/v1/reload", {}))
    await rig.call(lambda client: client.post("/v1/http01", {"tokens": {"one": "one.print"}}))
    await rig.call(lambda client: client.post("/v1/http01/forget", {"tokens": ["one"]}))
    await rig.call(lambda client: client.put("/v1/partners/a.example", {"description": "A", "domain": "other.example"}))
    await rig.call(lambda client: client.delete("/v1/partners/a.example"))
    await rig.call(
        lambda client: client.post("/v1/partners/apply", {"partners": [{"domain": "b.example"}], "dry_run": True})
    )
    pair: JsonObject = {"home": "b@h.example", "partner": "a@p.example"}
    await rig.call(lambda client: client.get("/v1/contacts?home=h.example&partner=a%40p.example"))
    await rig.call(lambda client: client.post("/v1/contacts/add", {**pair, "dry_run": True}))
    await rig.call(lambda client: client.post("/v1/contacts/remove", pair))
    assert rig.plane.calls == [
        ("swap_held", "edge", 3, "now"),
        ("swap_held", "edge", None, "keep"),
        ("stage_held", "edge", 2, datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC), "drain"),
        ("cancel_staged", "edge"),
        ("reload",),
        ("add_http01", {"one": "one.print"}),
        ("forget_http01", ["one"]),
        ("put_partner", {"description": "A", "domain": "a.example"}),
        ("remove_partner", "a.example"),
        ("apply_partners", [{"domain": "b.example"}], True),
        ("contacts", "h.example", "a@p.example"),
        ("add_contact", "b@h.example", "a@p.example", True),
        ("remove_contact", "b@h.example", "a@p.example", False),
    ]


async def test_large_answers_arrive_whole(rig: PlaneRig) -> None:
    rig.plane.open_streams = [{"peer": "x" * 200} for _ in range(10_000)]
    answer = await rig.call(lambda client: client.get("/v1/streams"))
    assert isinstance(answer["streams"], list)
    assert len(answer["streams"]) == 10_000


async def test_errors_of_the_plane_keep_code_message_and_hint(rig: PlaneRig) -> None:
    rig.plane.fault = MaterialError("the key is another's", code="key-mismatch", hint="import it again")
    refusal = await rig.refusal(lambda client: client.post("/v1/reload", {}))
    assert isinstance(refusal, ControlError)
    assert (refusal.code, refusal.message, refusal.hint) == ("key-mismatch", "the key is another's", "import it again")


async def test_a_fault_of_ours_is_told_without_its_text_and_the_gateway_goes_on(rig: PlaneRig) -> None:
    rig.plane.fault = RuntimeError("secret inside")
    refusal = await rig.refusal(lambda client: client.post("/v1/reload", {}))
    assert refusal.code == "internal"
    assert "secret inside" not in refusal.message
    rig.plane.fault = None
    assert await rig.call(lambda client: client.get("/v1/status")) == {"ready": True}


async def test_unknown_keys_are_passed_over_and_wrong_ones_named(rig: PlaneRig) -> None:
    await rig.call(lambda client: client.post("/v1/staged/cancel", {"name": "edge", "from_the_future": 1}))
    cases: list[tuple[str, JsonObject, str]] = [
        ("/v1/staged/cancel", {}, "name"),
        ("/v1/swap", {"bundle": "text"}, "bundle"),
        ("/v1/swap-held", {"name": "edge", "generation": True}, "generation"),
        ("/v1/swap-held", {"name": "edge", "close_old_streams": "soon"}, "close_old_streams"),
        ("/v1/stage-held", {"name": "edge", "effective_at": "2027-01-02T03:04:05Z"}, "generation"),
        ("/v1/stage-held", {"name": "edge", "generation": 2}, "effective_at"),
        ("/v1/stage-held", {"name": "edge", "generation": 2, "effective_at": "soon"}, "effective_at"),
        ("/v1/partners/apply", {"partners": ["a.example"]}, "partners"),
        ("/v1/partners/apply", {"partners": [], "dry_run": "yes"}, "dry_run"),
    ]
    for path, body, word in cases:
        refusal = await rig.refusal(partial(_post, path, body))
        assert (refusal.code, word in refusal.message) == ("bad-call", True)


async def test_a_version_that_is_not_spoken_is_refused_naming_both(rig: PlaneRig) -> None:
    refusal = await rig.refusal(lambda client: client.post("/v1/staged/cancel", {"api": 7, "name": "edge"}))
    assert refusal.code == "api-version"
    assert "7" in refusal.message
    for version in (b"9", b"9" * 5000, b"nine"):
        answer = await rig.raw(b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Edgecert-Api: " + version + b"\r\n\r\n")
        assert b"400" in answer.splitlines()[0]
        assert b"api-version" in answer


async def test_bodies_are_bounded_and_must_be_objects(rig: PlaneRig) -> None:
    head = b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    answer = await rig.raw(b"POST /v1/staged/cancel HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]")
    assert b"bad-call" in answer
    answer = await rig.raw((head % (MAX_BODY + 1)).replace(b"reload", b"swap") + b"x" * (MAX_BODY + 1))
    assert b"413" in answer.splitlines()[0]
    with pytest.raises(ControlError, match="takes"):
        ControlClient(rig.control).post("/v1/swap", {"x": "y" * MAX_BODY})


@pytest.mark.skipif(os.geteuid() != 0, reason="changing the user needs root")
async def test_control_socket_refuses_another_user_by_the_kernels_word() -> None:
    program = (
        "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "s.sendall(b'GET /v1/status HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); sys.stdout.write(s.recv(65536).decode())"
    )
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        os.chmod(directory, 0o755)  # noqa: PTH101, S103  # an ordinary call in an async test; others must get in
        async with ControlServer(RecordingPlane(), directory / "control.sock", directory / "status.sock"):
            os.chmod(directory / "control.sock", 0o666)  # noqa: PTH101, S103  # even where the file would let them in
            process = await asyncio.create_subprocess_exec(
                "python3",
                "-c",
                program,
                str(directory / "control.sock"),
                user=65534,
                group=65534,
                extra_groups=[],
                cwd="/",
                stdout=-1,
            )
            output, _ = await process.communicate()
    assert b"403" in output
    assert b"wrong-caller" in output


def test_the_reference_describes_every_call() -> None:
    calls = ControlCalls(RecordingPlane(), bytes, "")
    page = (Path(__file__).parents[4] / "docs" / "reference" / "control-api.md").read_text()
    described = set(re.findall(r"^`((?:GET|POST|PUT|DELETE) \S+)`$", page, re.MULTILINE))
    assert described == {f"{route.method} {route.path}" for route in calls.reading_routes() + calls.changing_routes()}
