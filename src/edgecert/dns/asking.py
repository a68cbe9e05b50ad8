"""One batch of questions over a few UDP sockets: a window of them under way, each with patience of its own."""

from __future__ import annotations

import contextlib
import heapq
import secrets
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edgecert.dns.lookup import FRESH
from edgecert.dns.wire import (
    FORMERR,
    NOERROR,
    NXDOMAIN,
    RCODES,
    SERVFAIL,
    MalformedAnswerError,
    build_query,
    encode_question,
    number_of,
    parse_reply,
)
from edgecert.model.dnsrecords import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from edgecert.dns.lookup import LookupLimits
    from edgecert.dns.wire import Reply
    from edgecert.model.dnsrecords import Question

SOCKETS: Final = 4
"""Per nameserver: each has a port of its own, which a forger would have to guess beside the number of the query."""
_RECEIVE: Final = 4096
_BUFFER: Final = 1 << 20
_TCP_AT_A_TIME: Final = 8
_BOGUS: Final = Answer(error="the DNSSEC signatures are broken", bogus=True)


@dataclass(slots=True, eq=False)
class _Asked:
    """A question under way."""

    question: Question
    section: bytes
    began: float
    number: int = -1
    server: int = 0
    tries: int = 0
    deadline: float = 0.0
    fresh: bool = False
    unchecked: bool = False
    extended: bool = True
    said: dict[int, str] = field(default_factory=dict)
    """What each nameserver said that could not be used."""


class Batch:
    """Asks ``servers``; used in a ``with`` statement, which closes the sockets."""

    def __init__(self, servers: Sequence[tuple[str, int]], limits: LookupLimits) -> None:
        """Open the sockets."""
        self._servers = servers
        self._limits = limits
        self._selector = selectors.DefaultSelector()
        self._sockets: list[list[socket.socket]] = [[] for _ in servers]
        self._answers: dict[Question, Answer] = {}
        self._flying: dict[int, _Asked] = {}
        self._deadlines: list[tuple[float, int, _Asked]] = []
        self._fresh: deque[tuple[float, _Asked]] = deque()
        self._fresh_count = 0
        self._long: list[_Asked] = []
        self._sent = 0

    def __enter__(self) -> Self:
        """Give the batch itself, ready."""
        for index, (host, port) in enumerate(self._servers):
            for _ in range(SOCKETS):
                try:
                    self._open(index, host, port)
                except OSError:
                    break  # no such family here: questions to this server fail one by one
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sockets."""
        self._selector.close()
        for sockets in self._sockets:
            for each in sockets:
                each.close()

    def _open(self, index: int, host: str, port: int) -> None:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
        )[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setblocking(False)
            with contextlib.suppress(OSError):
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            opened.connect(address)
        except OSError:
            opened.close()
            raise
        self._sockets[index].append(opened)
        self._selector.register(opened, selectors.EVENT_READ, index)

    # --- the loop ---

    def ask(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        """Give the answers to ``questions``."""
        began = time.monotonic()
        end = began + self._limits.total
        waiting = deque(self._prepare(questions))
        while (waiting or self._flying) and (now := time.monotonic()) < end:
            self._fill(waiting, now)
            if self._flying:
                self._receive(max(min(self._next_event(), end) - now, 0))
            self._expire(time.monotonic())
        self._ask_at_length(end)
        late = Answer(error=f"no answer within {self._limits.total:g} s for all questions")
        return {question: self._answers.get(question, late) for question in questions}

    def _prepare(self, questions: Sequence[Question]) -> list[_Asked]:
        asked = []
        for question in questions:
            try:
                asked.append(_Asked(question, encode_question(question), 0.0))
            except ValueError as error:  # UnicodeEncodeError is one
                self._answers[question] = Answer(error=f"this name cannot be asked for: {error}")
        return asked

    def _fill(self, waiting: deque[_Asked], now: float) -> None:
        while self._fresh and self._fresh[0][0] <= now - FRESH:
            self._stale(self._fresh.popleft()[1])
        while waiting and len(self._flying) < self._limits.at_a_time and self._fresh_count < self._limits.fresh:
            asked = waiting.popleft()
            asked.began = now
            asked.fresh = True
            self._fresh_count += 1
            self._fresh.append((now, asked))
            self._send(asked, now)

    def _next_event(self) -> float:
        moments = [self._deadlines[0][0]] if self._deadlines else []
        if self._fresh and self._fresh_count >= self._limits.fresh:
            moments.append(self._fresh[0][0] + FRESH)
        return min(moments, default=0.0)

    def _send(self, asked: _Asked, now: float) -> None:
        """Send it to the next nameserver that has not failed; without one it has its answer."""
        count = len(self._servers)
        usable = [index for index in range(count) if index not in asked.said]
        if not usable or now >= asked.began + self._limits.per_question:
            self._give_up(asked, now)
            return
        asked.server = usable[asked.tries % len(usable)]
        asked.tries += 1
        sockets = self._sockets[asked.server]
        if not sockets:
            asked.said[asked.server] = "nothing, it cannot be reached from here"
            self._send(asked, now)
            return
        asked.number = self._free_number()
        self._flying[asked.number] = asked
        asked.deadline = min(now + self._limits.per_try, asked.began + self._limits.per_question)
        self._sent += 1
        heapq.heappush(self._deadlines, (asked.deadline, self._sent, asked))
        query = build_query(asked.number, asked.section, unchecked=asked.unchecked, extended=asked.extended)
        try:
            sockets[asked.number % len(sockets)].send(query)
        except BlockingIOError:
            pass  # the kernel's buffer is full: the same as one lost on the way
        except OSError as error:
            self._failed_at(asked, str(error.strerror or error), now)

    def _free_number(self) -> int:
        while (number := secrets.randbelow(1 << 16)) in self._flying:
            pass
        return number

    def _receive(self, timeout: float) -> None:
        for key, _events in self._selector.select(timeout):
            opened = key.fileobj
            if not isinstance(opened, socket.socket):
                continue
            while True:
                try:
                    wire = opened.recv(_RECEIVE)
                except BlockingIOError:
                    break
                except OSError as error:
                    self._server_failed(key.data, str(error.strerror or error))
                    break
                self._arrived(wire, key.data)

    def _server_failed(self, server: int, why: str) -> None:
        """Everything that is under way to ``server`` goes on elsewhere (ICMP says that nobody listens there)."""
        now = time.monotonic()
        for asked in [each for each in self._flying.values() if each.server == server]:
            self._failed_at(asked, why, now)

    def _arrived(self, wire: bytes, server: int) -> None:
        asked = self._flying.get(number_of(wire))
        if asked is None or asked.server != server:
            return
        try:
            reply = parse_reply(wire, asked.section, asked.question)
        except MalformedAnswerError:
            return  # perhaps forged: the right one may still come
        self._judge(asked, reply, time.monotonic())

    def _judge(self, asked: _Asked, reply: Reply, now: float) -> None:
        if reply.cut:
            self._land(asked)
            self._long.append(asked)
        elif reply.rcode in (NOERROR, NXDOMAIN):
            self._land(asked)
            self._answers[asked.question] = _BOGUS if asked.unchecked else reply.answer
        elif reply.rcode == FORMERR and asked.extended:
            self._land(asked)
            asked.extended = False  # RFC 6891 §7: from before EDNS
            self._send(asked, now)
        else:
            self._failed_at(asked, RCODES.get(reply.rcode, f"code {reply.rcode}"), now)

    def _failed_at(self, asked: _Asked, why: str, now: float) -> None:
        self._land(asked)
        asked.said[asked.server] = why
        self._send(asked, now)

    def _give_up(self, asked: _Asked, now: float) -> None:
        words = list(dict.fromkeys(asked.said.values()))
        rcodes = [word for word in words if word in RCODES.values()]
        if RCODES[SERVFAIL] in rcodes and not asked.unchecked:
            asked.unchecked, asked.said, asked.began, asked.tries = True, {}, now, 0
            self._send(asked, now)
            return
        self._stale(asked)
        if asked.unchecked:
            self._answers[asked.question] = Answer(error="the nameservers answered SERVFAIL", failed=True)
        elif words and len(asked.said) == len(self._servers):
            error = f"the nameservers answered {', '.join(words)}"
            self._answers[asked.question] = Answer(error=error, failed=bool(rcodes))
        else:
            self._answers[asked.question] = Answer(error=f"no answer within {self._limits.per_question:g} s")

    def _expire(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, _order, asked = heapq.heappop(self._deadlines)
            if asked.deadline == deadline and self._flying.get(asked.number) is asked:
                self._land(asked)
                self._send(asked, now)

    def _land(self, asked: _Asked) -> None:
        if self._flying.get(asked.number) is asked:
            del self._flying[asked.number]
        self._stale(asked)

    def _stale(self, asked: _Asked) -> None:
        if asked.fresh:
            asked.fresh = False
            self._fresh_count -= 1

    # --- answers that are too long for UDP (RFC 7766) ---

    def _ask_at_length(self, end: float) -> None:
        queue = deque(self._long)

        def work() -> None:
            while True:
                try:
                    asked = queue.popleft()
                except IndexError:
                    return
                self._answers[asked.question] = self._by_tcp(asked, end)

        threads = [
            threading.Thread(target=work, name=f"dns-tcp {number}", daemon=True)
            for number in range(min(_TCP_AT_A_TIME, len(queue)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _by_tcp(self, asked: _Asked, end: float) -> Answer:
        timeout = min(self._limits.per_question, end - time.monotonic())
        if timeout <= 0:
            return Answer(error=f"no answer within {self._limits.total:g} s for all questions")
        query = build_query(asked.number, asked.section, unchecked=asked.unchecked)
        try:
            wire = ask_by_tcp(self._servers[asked.server], query, timeout)
            reply = parse_reply(wire, asked.section, asked.question)
        except (OSError, EOFError, MalformedAnswerError) as error:
            return Answer(error=f"the answer is too long for UDP, and by TCP: {error or type(error).__name__}")
        if reply.rcode not in (NOERROR, NXDOMAIN):
            return Answer(error=f"the nameservers answered {RCODES.get(reply.rcode, reply.rcode)}", failed=True)
        return _BOGUS if asked.unchecked else reply.answer


def ask_by_tcp(server: tuple[str, int], query: bytes, timeout: float) -> bytes:
    """Send one query by TCP and give the answer.

    Raises:
        OSError, EOFError: there was none in ``timeout`` seconds.
    """
    end = time.monotonic() + timeout
    with socket.create_connection(server, timeout) as connection:
        connection.sendall(len(query).to_bytes(2, "big") + query)
        length = int.from_bytes(_read(connection, 2, end), "big")
        return _read(connection, length, end)


def _read(connection: socket.socket, length: int, end: float) -> bytes:
    data = b""
    while len(data) < length:
        connection.settimeout(max(end - time.monotonic(), 0.001))
        chunk = connection.recv(length - len(data))
        if not chunk:
            raise EOFError("the connection was closed")
        data += chunk
    return data
