"""The calls of the control API: what each takes, what it gives, and how an error leaves."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from typing import TYPE_CHECKING, Final, TypeGuard

from aiohttp import web

from edgecert.shared.control import (
    API_HEADER,
    API_MIN,
    API_VERSION,
    MAX_BODY,
    bad_call,
    check_api,
    decode_close_old_streams,
    decode_flag,
    decode_swap,
    decode_time,
)
from edgecert.shared.errors import ControlError, EdgecertError, LockedError, PermissionDeniedError, UsageError
from gateway.xmpp.wire import is_number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from gateway.net.controlplane import ControlPlane

logger = logging.getLogger(__name__)

HELLO: Final = "/v1/hello"
BODY_TIMEOUT: Final = 10.0

_CREDENTIALS: Final = struct.Struct("iII")  # struct ucred of <sys/socket.h>: pid, uid, gid
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"  # the Prometheus text exposition format


class ControlCalls:
    """The calls of the API: what each takes and gives."""

    def __init__(self, plane: ControlPlane, metrics: Callable[[], bytes], version: str) -> None:
        self._plane = plane
        self._metrics = metrics
        self._version = version

    def health_routes(self) -> list[web.RouteDef]:
        """Give what Prometheus and orchestrators ask."""
        return [
            web.get("/health/live", self._live),
            web.get("/health/ready", self._ready),
            web.get("/metrics", self._show_metrics),
        ]

    def reading_routes(self) -> list[web.RouteDef]:
        """Give the calls that both sockets take."""
        return [
            *self.health_routes(),
            web.get("/v1/hello", self._hello),
            web.get("/v1/status", self._status),
            web.get("/v1/streams", self._streams),
            web.get("/v1/partners", self._partners),
            web.get("/v1/queues", self._queues),
            web.get("/v1/failures", self._failures),
        ]

    def changing_routes(self) -> list[web.RouteDef]:
        """Give the calls that only the control socket takes."""
        return [
            web.post("/v1/swap", self._swap),
            web.post("/v1/swap-held", self._swap_held),
            web.post("/v1/stage-held", self._stage_held),
            web.post("/v1/staged/cancel", self._cancel_staged),
            web.post("/v1/reload", self._reload),
            web.post("/v1/http01", self._add_http01),
            web.post("/v1/http01/forget", self._forget_http01),
            web.put("/v1/partners/{domain}", self._put_partner),
            web.delete("/v1/partners/{domain}", self._remove_partner),
            web.post("/v1/partners/apply", self._apply_partners),
            # Who talks to whom is private: to read it takes as much as to change it.
            web.get("/v1/contacts", self._contacts),
            web.post("/v1/contacts/add", self._add_contact),
            web.post("/v1/contacts/remove", self._remove_contact),
            web.post("/v1/partner-tests", self._start_partner_test),
            web.get("/v1/partner-tests/{id}", self._partner_test),
        ]

    async def _live(self, _: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def _ready(self, _: web.Request) -> web.Response:
        ready, reasons = await self._plane.ready()
        return web.json_response({"ready": ready, "reasons": reasons}, status=200 if ready else 503)

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": _METRICS_TYPE})

    async def _hello(self, _: web.Request) -> web.Response:
        return web.json_response({"api_min": API_MIN, "api_max": API_VERSION, "version": self._version})

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(await self._plane.status())

    async def _streams(self, _: web.Request) -> web.Response:
        return web.json_response(await self._plane.streams())

    async def _partners(self, _: web.Request) -> web.Response:
        return web.json_response(await self._plane.partners())

    async def _queues(self, _: web.Request) -> web.Response:
        return web.json_response(await self._plane.queues())

    async def _failures(self, _: web.Request) -> web.Response:
        return web.json_response(await self._plane.failures())

    async def _swap(self, request: web.Request) -> web.Response:
        return web.json_response(await self._plane.swap(decode_swap(await _read_object(request))))

    async def _swap_held(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        generation = body.get("generation")
        if generation is not None and not _is_number(generation):
            raise bad_call("generation: a number or null is needed")
        return web.json_response(
            await self._plane.swap_held(_text(body, "name"), generation, decode_close_old_streams(body))
        )

    async def _stage_held(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        generation, when = body.get("generation"), decode_time(body.get("effective_at"))
        if not _is_number(generation):
            raise bad_call("generation: a number is needed")
        if when is None:
            raise bad_call("effective_at: an RFC 3339 time with zone is needed")
        name, close = _text(body, "name"), decode_close_old_streams(body)
        return web.json_response(await self._plane.stage_held(name, generation, when, close))

    async def _cancel_staged(self, request: web.Request) -> web.Response:
        return web.json_response(await self._plane.cancel_staged(_text(await _read_object(request), "name")))

    async def _reload(self, _: web.Request) -> web.Response:
        return web.json_response(await self._plane.reload())

    async def _add_http01(self, request: web.Request) -> web.Response:
        tokens = (await _read_object(request)).get("tokens")
        if not isinstance(tokens, dict) or not all(isinstance(value, str) for value in tokens.values()):
            raise bad_call("tokens: an object of token and value is needed")
        return web.json_response(await self._plane.add_http01({token: str(value) for token, value in tokens.items()}))

    async def _forget_http01(self, request: web.Request) -> web.Response:
        tokens = (await _read_object(request)).get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise bad_call("tokens: a list of tokens is needed")
        return web.json_response(await self._plane.forget_http01([str(token) for token in tokens]))

    async def _put_partner(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        return web.json_response(await self._plane.put_partner({**body, "domain": request.match_info["domain"]}))

    async def _remove_partner(self, request: web.Request) -> web.Response:
        return web.json_response(await self._plane.remove_partner(request.match_info["domain"]))

    async def _apply_partners(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        partners = body.get("partners")
        if not isinstance(partners, list):
            raise bad_call("partners: a list is needed")
        entries = [entry for entry in partners if isinstance(entry, dict)]
        if len(entries) != len(partners):
            raise bad_call("partners: each entry must be an object")
        return web.json_response(await self._plane.apply_partners(entries, dry_run=decode_flag(body, "dry_run")))

    async def _contacts(self, request: web.Request) -> web.Response:
        query = request.query
        return web.json_response(await self._plane.contacts(query.get("home", ""), query.get("partner", "")))

    async def _add_contact(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        home, partner, dry_run = _text(body, "home"), _text(body, "partner"), decode_flag(body, "dry_run")
        return web.json_response(await self._plane.add_contact(home, partner, dry_run=dry_run))

    async def _remove_contact(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        home, partner, dry_run = _text(body, "home"), _text(body, "partner"), decode_flag(body, "dry_run")
        return web.json_response(await self._plane.remove_contact(home, partner, dry_run=dry_run))

    async def _start_partner_test(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        home = body.get("home", "")
        if not isinstance(home, str):
            raise bad_call("home: text is needed")
        return web.json_response(await self._plane.start_partner_test(_text(body, "domain"), home))

    async def _partner_test(self, request: web.Request) -> web.Response:
        after = request.query.get("after", "0")
        if not is_number(after):
            raise bad_call("after: a number is needed")
        return web.json_response(await self._plane.partner_test(request.match_info["id"], int(after)))


def _is_number(value: JsonValue) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(body: JsonObject, key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise bad_call(f"{key}: text is needed")
    return value


async def _read_object(request: web.Request) -> JsonObject:
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            document: object = await request.json()
    except TimeoutError:
        raise ControlError(f"the body did not arrive within {BODY_TIMEOUT:g} s", code="bad-call") from None
    except ValueError:
        raise bad_call("the body is no JSON") from None
    if not isinstance(document, dict):
        raise bad_call("the body must be a JSON object")
    check_api(document.get("api", API_VERSION))
    return document


@web.middleware
async def answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn whatever goes wrong into the API's error document; end the connection after each answer."""
    response: web.StreamResponse
    try:
        if request.path != HELLO:  # the call by which versions are agreed on is answered in any
            check_api(_asked_version(request))
        response = await handler(request)
    except EdgecertError as error:
        response = _error(_http_status(error), error.code, error.message, error.hint)
    except web.HTTPException as error:
        response = _http_error(request, error)
    except Exception:  # the top of the call's task: a fault of ours must not end the gateway, and must be told
        logger.exception("control call failed", extra={"call": f"{request.method} {request.path}"})
        response = _error(500, "internal", "the gateway failed at this call", "look at the gateway's log")
    response.force_close()
    return response


@web.middleware
async def verify_caller(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let the gateway's own user and root pass, by the kernel's word (SO_PEERCRED, unix(7))."""
    channel = request.get_extra_info("socket")
    if channel is None:
        raise PermissionDeniedError("the connection is gone", code="wrong-caller")
    raw = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid = _CREDENTIALS.unpack(raw)[1]
    if uid not in {0, os.geteuid()}:
        message = f"uid {uid} may not use the control socket"
        raise PermissionDeniedError(
            message, code="wrong-caller", hint="run as root or as the gateway's user; the status socket is for others"
        )
    return await handler(request)


def _asked_version(request: web.Request) -> int | str:
    text = request.headers.get(API_HEADER, str(API_VERSION))
    return int(text) if is_number(text) else text


def _http_status(error: EdgecertError) -> int:
    match error:
        case PermissionDeniedError():
            return 403
        case LockedError():
            return 423
        case UsageError():
            return 400
        case _:
            return 400 if error.code in {"bad-call", "api-version"} else 409


def _http_error(request: web.Request, error: web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return _error(413, "too-large", f"a body may have {MAX_BODY} bytes", "")
    if request.method not in {"GET", "HEAD"}:
        return _error(
            error.status,
            "no-such-call",
            f"{request.method} {request.path} is not a call of this socket",
            "changing calls go to the control socket",
        )
    return _error(
        error.status,
        "no-such-call",
        f"{request.path} is not a call of this socket",
        "the two programs may be of different releases",
    )


def _error(status: int, code: str, message: str, hint: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, "hint": hint}}, status=status)
