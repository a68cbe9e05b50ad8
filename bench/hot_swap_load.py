"""The partner and the home system of ``bench.hot_swap``, as one process: streams, handshakes, messages, all counted.

``python -m bench.hot_swap_load CONFIG.json`` opens the streams, says ``ready``, and from then on makes new handshakes
and sends messages at a steady rate until SIGUSR1. Then it waits for the messages on their way and says ``finished``
with what it counted. Each thing it says is one line of JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.measuring import Series
from bench.talking import Talk, client_context, connect_component

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATIENCE: Final = 15.0
OPENING_AT_A_TIME: Final = 8
_BODY: Final = re.compile(rb"<body>(\d+) (\d+)</body>")


@dataclass(frozen=True, slots=True)
class LoadConfig:
    """What is asked of the load; a file of JSON with these keys."""

    address: str
    home: str
    partner: str
    certificate: str
    key: str
    secret: str
    streams: int
    handshakes_per_s: float
    messages_per_s: float


@dataclass(slots=True)
class Counts:
    """What happened."""

    streams_opened: int = 0
    streams_dropped: int = 0
    handshakes: int = 0
    handshakes_failed: int = 0
    sent: int = 0
    received: int = 0
    out_of_order: int = 0
    faults: list[str] = field(default_factory=list)
    served: set[str] = field(default_factory=set)
    """Which certificates the handshakes showed, by SHA-256."""
    handshake_times: Series = field(default_factory=lambda: Series("handshake"))

    def fault(self, what: str) -> None:
        """Keep the first few faults in words."""
        if len(self.faults) < 10:
            self.faults.append(what)


class Load:
    """Streams from the partner, handshakes of nobody, the home system's component."""

    def __init__(self, config: LoadConfig) -> None:
        """Prepare; nothing is opened yet."""
        self._config = config
        self._counts = Counts()
        self._stop = asyncio.Event()
        self._arrival = asyncio.Event()
        self._streams: list[Talk] = []
        self._numbers = [0] * config.streams
        self._arrived = [0] * config.streams
        self._anonymous = client_context()
        self._partner = client_context()
        self._partner.load_cert_chain(config.certificate, config.key)

    async def run(self) -> Counts:
        """Do it all and give what was counted."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._stop.set)
        begun = time.monotonic()
        async with asyncio.TaskGroup() as keepers:
            component = await connect_component(self._config.address, self._config.home, self._config.secret)
            tasks = [keepers.create_task(self._count_arrivals(component), name="component")]
            gate = asyncio.Semaphore(OPENING_AT_A_TIME)
            async with asyncio.timeout(300), asyncio.TaskGroup() as opening:
                for number in range(self._config.streams):
                    opening.create_task(self._open_stream(gate), name=f"stream {number}")
            tasks += [keepers.create_task(self._watch(talk), name="watch") for talk in self._streams]
            _say(event="ready", streams=len(self._streams), opened_in_s=round(time.monotonic() - begun, 1))
            started = time.monotonic()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._at_rate(self._config.handshakes_per_s, self._shake_hands), name="handshakes")
                group.create_task(self._at_rate(self._config.messages_per_s, self._send), name="messages")
            elapsed = time.monotonic() - started
            await self._wait_for_arrivals()
            for task in tasks:
                task.cancel()
        self._report(elapsed)
        return self._counts

    # --- opening

    async def _open_stream(self, gate: asyncio.Semaphore) -> None:
        config = self._config
        async with gate:
            talk = await Talk.open(config.address, 5269)
            await talk.authenticate(config.home, self._partner, config.partner)
            self._streams.append(talk)
            self._counts.streams_opened += 1

    # --- while it runs

    async def _at_rate(self, rate: float, do: Callable[[], Awaitable[None]]) -> None:
        """Begin ``do`` so many times a second, whether or not the last one is done, until stopped."""
        begun, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while not self._stop.is_set():
                number += 1
                group.create_task(_awaited(do), name=f"number {number}")
                # By the clock and not by a pause each: a late start is made up for.
                await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))

    async def _shake_hands(self) -> None:
        begun = time.monotonic()
        self._counts.handshakes += 1
        talk = None
        try:
            async with asyncio.timeout(PATIENCE):
                talk = await Talk.open(self._config.address, 5269)
                await talk.start_tls(self._config.home, self._anonymous, "")
            channel = talk.writer.get_extra_info("ssl_object")
            self._counts.served.add(hashlib.sha256(channel.getpeercert(binary_form=True)).hexdigest())
            self._counts.handshake_times.add((time.monotonic() - begun) * 1000)
        except (OSError, TimeoutError) as error:
            self._counts.handshakes_failed += 1
            self._counts.fault(f"handshake: {error!r}")
        finally:
            if talk is not None:
                talk.close()

    async def _send(self) -> None:
        number = self._counts.sent % len(self._streams)
        talk = self._streams[number]
        self._counts.sent += 1
        self._numbers[number] += 1
        body = f"{number} {self._numbers[number]}"
        talk.writer.write(
            f"<message from='load{number}@{self._config.partner}/bench' to='count@{self._config.home}' type='chat'>"
            f"<body>{body}</body></message>".encode()
        )

    async def _watch(self, talk: Talk) -> None:
        """Take what a stream brings: white space, or its end, which must not come."""
        while True:
            try:
                data = await talk.reader.read(65536)
            except OSError as error:
                data = repr(error).encode()
            if not data or data.strip():
                self._counts.streams_dropped += 1
                self._counts.fault(f"stream: {data[:200]!r}")
                return

    async def _count_arrivals(self, component: Talk) -> None:
        left = b""
        while True:
            data = await component.reader.read(262_144)
            if not data:
                self._counts.fault("the component was cut off")
                return
            left += data
            end = 0
            for found in _BODY.finditer(left):
                stream, number = int(found[1]), int(found[2])
                self._counts.received += 1
                self._counts.out_of_order += number != self._arrived[stream] + 1
                self._arrived[stream] = number
                end = found.end()
            left = left[end:]
            self._arrival.set()

    async def _wait_for_arrivals(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._counts.received < self._counts.sent:
                    self._arrival.clear()
                    await self._arrival.wait()

    def _report(self, elapsed: float) -> None:
        counts = self._counts
        _say(
            event="finished",
            seconds=round(elapsed, 1),
            streams_opened=counts.streams_opened,
            streams_dropped=counts.streams_dropped,
            handshakes=counts.handshakes,
            handshakes_failed=counts.handshakes_failed,
            handshakes_per_s=round(counts.handshakes / elapsed, 1),
            handshake=counts.handshake_times.to_json(),
            certificates=sorted(counts.served),
            messages_sent=counts.sent,
            messages_received=counts.received,
            messages_out_of_order=counts.out_of_order,
            faults=counts.faults,
        )


async def _awaited(do: Callable[[], Awaitable[None]]) -> None:
    await do()


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> int:
    """Run the load that the file on the command line describes."""
    config = LoadConfig(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    asyncio.run(Load(config).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
