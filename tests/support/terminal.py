"""Programs at a terminal: on a bare pty line by line, and under a real tmux, whose pane is what a person would see."""

from __future__ import annotations

import os
import pty
import select
import shlex
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WAIT = 60.0


def terminal_environ() -> dict[str, str]:
    """Give this process's environment as a terminal has it: size unsaid, for pytest's workers say one that is none."""
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}


@dataclass
class PtyProgram:
    """A program on a pty of its own; what it says is waited for, what is typed goes in."""

    argv: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    seen: str = ""
    _read: int = 0

    def __enter__(self) -> Self:
        """Start it."""
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            list(self.argv),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**terminal_environ(), "TERM": "dumb", **self.environ},
            cwd=self.cwd,
            start_new_session=True,
        )
        os.close(slave)
        return self

    def __exit__(self, *_exc: object) -> None:
        """End it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)

    def expect(self, text: str) -> str:
        """Wait until ``text`` is said after what was waited for last; give what was said up to there.

        Raises:
            TimeoutError: it was not said; with what was.
        """
        deadline = time.monotonic() + WAIT
        while (at := self.seen.find(text, self._read)) < 0:
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            data = b""
            if ready:
                with suppress(OSError):  # EIO: the program has ended
                    data = os.read(self._master, 65536)
            if not data:
                message = f"waited in vain for {text!r}:\n{self.seen[self._read :]}"
                raise TimeoutError(message)
            self.seen += data.decode(errors="replace").replace("\r\n", "\n")
        said = self.seen[self._read : at]
        self._read = at + len(text)
        return said

    def type(self, text: str = "") -> None:
        """Type a line."""
        os.write(self._master, f"{text}\n".encode())

    def answer(self, prompt: str, text: str = "") -> None:
        """Wait for a prompt and type a line."""
        self.expect(prompt)
        self.type(text)

    def interrupt(self) -> None:
        """Press Ctrl-C once the program sits and waits for what is typed: the signal that the terminal makes of it.

        A signal that falls between the prompt's last byte and the read would only be noticed at the next key.
        """
        wait_until(self._waits_for_a_line, what="the program to wait for a line")
        os.killpg(self._process.pid, signal.SIGINT)

    def _waits_for_a_line(self) -> bool:
        """Whether it sleeps in the terminal, and not only anywhere, where the kernel tells that."""
        process = Path(f"/proc/{self._process.pid}")
        where = (process / "wchan").read_text().strip("\0\n 0")
        if where:
            return where in {"wait_woken", "n_tty_read"}
        return (process / "stat").read_text().rpartition(") ")[2].startswith("S")

    def wait(self) -> int:
        """Wait for its end and give its exit code."""
        return self._process.wait(WAIT)


@dataclass
class Tmux:
    """A tmux server of one's own with one pane; ``keys`` counts what was pressed beside what was typed."""

    width: int = 80
    height: int = 24
    environ: Mapping[str, str] = field(default_factory=dict)
    keys: int = 0

    def __enter__(self) -> Self:
        """Make the server; nothing runs in it yet."""
        self._directory = tempfile.TemporaryDirectory(prefix="tmx-")
        self._socket = str(Path(self._directory.name) / "s")
        return self

    def __exit__(self, *_exc: object) -> None:
        """End the server and all in it."""
        self._tmux("kill-server", check=False)
        self._directory.cleanup()

    def _tmux(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**terminal_environ(), "LANG": "C.UTF-8", "TERM": "xterm-256color"},
        )
        if check and done.returncode:
            message = f"tmux {' '.join(words)}: {done.stderr}"
            raise RuntimeError(message)
        return done.stdout

    def start(self, argv: Sequence[str], cwd: Path) -> None:
        """Run ``argv`` in the pane; when it ends, its exit code stays there to be read."""
        words = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.environ.items())
        command = f'env {words} {shlex.join(argv)}; echo "ended with $?"; exec sleep 600'
        size = ("-x", str(self.width), "-y", str(self.height))
        verb = ("respawn-pane", "-k") if self._running() else ("new-session", "-d", *size)
        self._tmux(*verb, "-c", str(cwd), command)

    def _running(self) -> bool:
        return bool(self._tmux("list-sessions", check=False))

    def hang_up(self) -> None:
        """Close the terminal, as a connection that breaks does: the program is told by SIGHUP."""
        self._tmux("kill-session")

    def screen(self) -> str:
        """Give what the pane shows."""
        return self._tmux("capture-pane", "-p")

    def expect(self, *texts: str) -> str:
        """Wait until the pane shows all of ``texts``, and give what it shows.

        Raises:
            TimeoutError: it does not; with what it shows.
        """
        shown = ""

        def shows() -> bool:
            nonlocal shown
            shown = self.screen()
            return all(text in shown for text in texts)

        try:
            wait_until(shows, what=f"the pane shows {texts}", timeout=WAIT)
        except TimeoutError as error:
            message = f"{error}\n{shown}"
            raise TimeoutError(message) from None
        return shown

    def press(self, *names: str) -> None:
        """Press keys by tmux's names, each a stroke that counts."""
        self.keys += len(names)
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        """Type what must be typed: it does not count."""
        self._tmux("send-keys", "-l", "--", text)

    def paste(self, text: str) -> None:
        """Paste ``text`` as a terminal does that tells pasting from typing (bracketed)."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p")

    def resize(self, width: int, height: int) -> None:
        """Make the window another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))
