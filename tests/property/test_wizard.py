"""Whatever is answered, taken back and edited in whatever order: the wizard's request is its flags file's."""

from __future__ import annotations

import json
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from edgecert.cli.common import given_flags
from edgecert.cli.main import build_parser
from edgecert.settings import resolve
from edgecert.shared.errors import ConfigError
from edgecert.shared.schema import KeyKind
from edgecert.wizard.fields import all_fields, find_field
from edgecert.wizard.session import WizardSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgecert.model.request import CertificateRequest

BASE = Path("/srv/edge")
TABLES = ("deploy", "issuer.challenges")
SCALARS = tuple(entry.path for entry in all_fields() if entry.key.kind is not KeyKind.TABLES)
WORDS = (
    "",
    "contoso.com",
    "sip.contoso.com",
    "edge",
    "files",
    "certs",
    "30d",
    "http-01",
    "dns-01",
    "gateway",
    "command",
)


def texts_for(path: str) -> st.SearchStrategy[str]:
    """What people type: mostly what fits, sometimes anything."""
    key = find_field(path).key
    fitting = [str(choice) for choice in key.choices] or ["yes", "no"] if key.kind is KeyKind.BOOLEAN else list(WORDS)
    if key.choices:
        fitting = [str(choice) for choice in key.choices]
    return st.one_of(st.sampled_from(fitting), st.sampled_from(WORDS), st.text(max_size=12))


def act(session: WizardSession, data: st.DataObject) -> None:  # noqa: C901  # a line for each thing
    """Do one thing that a person can do."""
    what = data.draw(
        st.sampled_from(("answer", "answer", "row", "domain", "tick", "drop", "undo", "redo", "next", "back"))
    )
    match what:
        case "answer":
            path = data.draw(st.sampled_from(SCALARS))
            session.answer_text(path, data.draw(texts_for(path)))
        case "row":
            table = data.draw(st.sampled_from(TABLES))
            index = session.add_row(table, {}) if len(session.rows(table)) < 3 else 0
            for entry in session.row_fields(table, index):
                if data.draw(st.booleans()):
                    session.answer_text(entry.path, data.draw(texts_for(entry.path)))
        case "domain":
            session.add_domain(
                data.draw(st.sampled_from(("contoso.com", "fabrikam.com", "Bücher.example", "no domain")))
            )
        case "tick" if session.domains:
            index = data.draw(st.integers(0, len(session.domains) - 1))
            session.tick(index, sip=data.draw(st.booleans()), xmpp=data.draw(st.booleans()))
        case "drop" if session.domains:
            session.remove_domain(0)
        case "drop" if session.rows("deploy"):
            session.remove_row("deploy", 0)
        case "undo":
            session.undo()
        case "redo":
            session.redo()
        case "next":
            session.next()
        case "back":
            session.back()
        case _:
            pass


def made_whole(session: WizardSession) -> None:
    """Take back what cannot be taken, as a person would who is told."""
    for path in dict(session.answers.rejected):
        session.answer_text(path, "")
    for _round in range(3):
        for problem in session.problems():
            if problem.key.startswith(TABLES):
                for table in TABLES:
                    while session.rows(table):
                        session.remove_row(table, 0)
            elif problem.key in SCALARS:
                session.answer(problem.key, find_field(problem.key).key.default)  # type: ignore[arg-type]  # a default is a value
    session.answer("certificate.role", "external-edge")
    session.answer("issuer.kind", "local")
    session.answer("certificate.template", "")
    session.answer("certificate.bit_length", 0)


def parsed(text: str, environ: Mapping[str, str] | None = None) -> CertificateRequest:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "edge.toml"
        file.write_text(text, encoding="utf-8")
        return resolve(flags={}, environ=environ or {}, flags_file=file, host_file=Path(directory) / "none").request


@given(st.data())
def test_the_request_is_the_one_of_the_flags_file(data: Any) -> None:
    session = WizardSession(BASE)
    for _step in range(data.draw(st.integers(1, 12))):
        act(session, data)
    if data.draw(st.booleans()):
        made_whole(session)
    try:
        request = session.request()
    except ConfigError:
        event("incomplete")
        return
    event("complete")
    assert parsed(session.flags_file()) == request


@given(st.data())
def test_the_command_line_asks_for_the_same(data: Any) -> None:
    session = WizardSession(BASE)
    for _step in range(data.draw(st.integers(1, 8))):
        act(session, data)
    made_whole(session)
    try:
        request = session.request()
    except ConfigError:
        event("incomplete")
        return
    event("complete")
    program, verb, *words = shlex.split(session.command())
    assert (program, verb) == ("edgecert", "apply")
    flags = given_flags(build_parser(verb).parse_args(words))
    assert resolve(flags=flags, environ={}, flags_file=None, host_file=Path("/nonexistent")).request == request


@given(st.data())
def test_a_draft_brings_everything_back(data: Any) -> None:
    session = WizardSession(BASE)
    for _step in range(data.draw(st.integers(1, 10))):
        act(session, data)
    again = WizardSession(BASE)
    assert again.restore(json.loads(json.dumps(session.to_json())))
    assert again.answers == session.answers
    assert again.page == session.page
    assert again.flags_file() == session.flags_file()


@given(st.data())
def test_undo_takes_back_to_the_beginning_and_redo_brings_all_again(data: Any) -> None:
    session = WizardSession(BASE)
    empty = session.answers
    for _step in range(data.draw(st.integers(1, 10))):
        act(session, data)
    while session.redo():
        pass
    end = session.answers
    while session.undo():
        pass
    assert session.answers == empty
    while session.redo():
        pass
    assert session.answers == end


@pytest.mark.parametrize("kind", ["local", "csr"])
def test_a_request_begun_from_another_is_the_same(kind: str) -> None:
    session = WizardSession(BASE)
    session.answer("issuer.kind", kind)
    session.add_domain("contoso.com")
    session.add_row("deploy", {"name": "web", "kind": "files", "directory": "/etc/web", "mode": "0640"})
    request = session.request()
    assert WizardSession(Path("/elsewhere"), start=request).request() == request
