from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.logs import JsonFormatter, LineFormatter, configure_logging, scrub
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----"


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "edgecert.x", "levelno": 20, "levelname": "INFO", "msg": message, "created": 0.5}
    )
    vars(made).update(extra)
    return made


def test_scrub_takes_out_keys_whole_or_cut_off() -> None:
    assert scrub(f"a {PEM} b") == "a [PRIVATE KEY removed] b"
    assert scrub("x -----BEGIN EC PRIVATE KEY-----\nabc") == "x [EC PRIVATE KEY removed]"
    assert scrub("-----BEGIN CERTIFICATE-----\nabc") == "-----BEGIN CERTIFICATE-----\nabc"


def test_json_lines_have_the_event_and_its_fields() -> None:
    line = JsonFormatter().format(record("certificate swapped", generation=7, name_of="edge"))
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.500Z",
        "level": "info",
        "logger": "edgecert.x",
        "event": "certificate swapped",
        "generation": 7,
        "name_of": "edge",
    }


@pytest.mark.parametrize("formatter", [JsonFormatter(), LineFormatter()], ids=["json", "line"])
def test_secrets_never_print_by_message_field_or_traceback(formatter: logging.Formatter) -> None:
    made = record(f"loaded {PEM}", key=Secret(b"canary"), raw=b"canary", password="canary", note=PEM)
    try:
        raise ValueError(PEM)  # a traceback is what is tested
    except ValueError:
        made.exc_info = sys.exc_info()
    text = formatter.format(made)
    assert "canary" not in text
    assert "MIGH" not in text
    assert "ValueError" in text


def test_lines_for_people_keep_to_one_line_and_quote_what_needs_it() -> None:
    text = LineFormatter(timestamps=False).format(record("two\nlines", peer="a b", n=1, empty=""))
    assert text == 'info two\\nlines peer="a b" n=1 empty=""'


@pytest.mark.parametrize("formatter", [JsonFormatter(), LineFormatter(timestamps=False)], ids=["json", "line"])
def test_what_a_peer_says_forges_no_line_and_steers_no_terminal(formatter: logging.Formatter) -> None:
    for hostile in ("\x1b[2J", "a\x9b2Jb", "x\u2028y", "a\rb", "a b\x7f", "\u202e", "\ud800"):
        made = record(f"peer {hostile}", why=hostile)
        try:
            raise ValueError(hostile)  # a traceback is what is tested
        except ValueError:
            made.exc_info = sys.exc_info()
        text = formatter.format(made)
        assert not set(text) & {"\x1b", "\x9b", "\u2028", "\r", "\x7f", "\u202e", "\ud800"}
        assert text.encode()


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], _ = before
    root.setLevel(before[1])
    for name in ("edgecert", "gateway"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.usefixtures("restored")
def test_libraries_stay_quiet_where_our_programs_speak() -> None:
    stream = io.StringIO()
    configure_logging(stream, level=logging.INFO, timestamps=False)
    logging.getLogger("gateway.x").info("ours")
    logging.getLogger("library").info("theirs")
    assert stream.getvalue() == "info ours\n"


@pytest.mark.usefixtures("restored")
def test_json_lines_on_request() -> None:
    stream = io.StringIO()
    configure_logging(stream, level=logging.INFO, json_lines=True)
    logging.getLogger("edgecert").info("ours")
    assert json.loads(stream.getvalue())["event"] == "ours"
