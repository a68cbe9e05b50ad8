"""The wizard's behaviour: pages, answers, Back, undo, and the request that comes of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edgecert.model.request import IssuerOptions, Topology
from edgecert.shared.errors import ConfigError
from edgecert.wizard.answers import DomainRow
from edgecert.wizard.fields import Page
from edgecert.wizard.session import WizardSession, text_of

BASE = Path("/srv/edge")


@pytest.fixture
def session() -> WizardSession:
    return WizardSession(BASE)


def with_domain(session: WizardSession) -> WizardSession:
    assert session.add_domain("Contoso.COM.") == ""
    return session


# --- pages ---------------------------------------------------------------------------------------------


def test_the_defaults_need_one_domain_and_nothing_else(session: WizardSession) -> None:
    with_domain(session)
    seen = [session.page]
    while session.page is not Page.SUMMARY:
        assert session.next() == ()
        seen.append(session.page)
    assert seen == [Page.KIND, Page.SECURITY, Page.NAMES, Page.TARGETS, Page.SUMMARY]
    request = session.request()
    assert request.certificate.name == "edge-external"
    assert request.issuer == IssuerOptions(kind="local")
    assert request.topology == Topology(sip_domains=("contoso.com",), xmpp_domains=("contoso.com",))


def test_a_page_with_a_problem_is_not_left_forwards_but_backwards(session: WizardSession) -> None:
    session.go(Page.NAMES)
    problems = session.next()
    assert "no name" in problems[0].message
    assert session.page.value == "names"
    assert session.back()
    assert session.page.value == "security"


def test_there_is_nothing_before_the_first_page_and_nothing_behind_the_last(session: WizardSession) -> None:
    assert not session.back()
    with_domain(session).go(Page.SUMMARY)
    assert session.next() == ()
    assert session.page is Page.SUMMARY


@pytest.mark.parametrize(("kind", "asked"), [("local", False), ("acme", True), ("csr", True)])
def test_the_authority_has_a_page_where_it_has_questions(session: WizardSession, kind: str, asked: bool) -> None:
    session.answer("issuer.kind", kind)
    assert (Page.ISSUER in session.pages) is asked
    assert bool(session.fields(Page.ISSUER)) is asked


def test_a_page_that_is_gone_leads_to_the_one_before(session: WizardSession) -> None:
    session.answer("issuer.kind", "acme")
    session.go(Page.ISSUER)
    session.answer("issuer.kind", "local")
    session.go(Page.ISSUER)
    assert session.page is Page.KIND


def test_an_acme_ca_is_asked_for_all_it_needs_before_its_page_is_left(session: WizardSession) -> None:
    session.answer("issuer.kind", "acme")
    session.go(Page.ISSUER)
    assert {problem.key for problem in session.next()} == {
        "issuer.directory",
        "issuer.accept_terms",
        "issuer.challenges",
    }
    session.answer("issuer.directory", "https://ca.example/directory")
    session.answer_text("issuer.accept_terms", "yes")
    session.add_row("issuer.challenges", {"type": "http-01", "listen": "0.0.0.0:80"})
    assert session.next() == ()


def test_every_key_is_asked_for_somewhere(session: WizardSession) -> None:
    advanced = {entry.path for entry in session.advanced()}
    assert {"renewal.renew_before", "certificate.reuse_key", "issuer.eab_kid"} <= advanced
    assert "certificate.name" not in advanced


# --- answers -------------------------------------------------------------------------------------------


def test_what_cannot_be_taken_is_kept_as_typed_and_said(session: WizardSession) -> None:
    message = session.answer_text("subject.country", "Italy")
    assert "pattern" in message
    assert session.text("subject.country") == "Italy"
    assert session.message("subject.country") == message
    assert session.value("subject.country") == ""
    assert message in [problem.message for problem in session.problems(Page.SECURITY)]
    with pytest.raises(ConfigError):
        session.request()
    assert session.answer_text("subject.country", "IT") == ""
    assert session.message("subject.country") == ""
    assert session.value("subject.country") == "IT"


def test_a_number_that_is_none_is_said(session: WizardSession) -> None:
    assert session.answer_text("certificate.bit_length", "many") == "must be a whole number"
    assert session.answer_text("certificate.bit_length", "1024") != ""


def test_the_lengths_are_those_of_the_algorithm(session: WizardSession) -> None:
    assert session.choices("certificate.bit_length") == ("2048", "3072", "4096")
    session.answer_text("certificate.bit_length", "4096")
    session.answer("certificate.key_algorithm", "ecdsa")
    assert session.choices("certificate.bit_length") == ("256", "384")
    assert session.text("certificate.bit_length") == "256"
    assert session.choices("certificate.role") == ("external-edge", "internal-edge")
    assert session.choices("certificate.name") == ()


def test_the_name_is_one_that_is_free() -> None:
    session = WizardSession(BASE, known=frozenset({"edge-external", "edge-external-new2"}))
    assert session.value("certificate.name") == "edge-external-new3"
    session.answer("certificate.role", "internal-edge")
    assert session.value("certificate.name") == "edge-internal"
    session.answer("certificate.name", "mine")
    assert session.value("certificate.name") == "mine"


def test_a_request_file_is_proposed_and_paths_count_from_where_one_is(session: WizardSession) -> None:
    session.answer("issuer.kind", "csr")
    assert session.value("issuer.request_file") == "/srv/edge/edge-external.csr"
    session.answer_text("issuer.request_file", "out/e.csr")
    assert session.value("issuer.request_file") == "/srv/edge/out/e.csr"


def test_what_another_issuer_takes_is_kept_but_not_sent(session: WizardSession) -> None:
    with_domain(session)
    session.answer("issuer.kind", "csr")
    session.answer("certificate.template", "WebServer")
    session.answer("certificate.client_auth", True)
    session.answer("issuer.kind", "local")
    assert "template" not in session.flags_file()
    assert session.request().certificate.client_auth
    session.answer("issuer.kind", "csr")
    assert session.request().certificate.template == "WebServer"


def test_an_answer_by_an_unknown_key_is_a_fault_of_the_program(session: WizardSession) -> None:
    with pytest.raises(KeyError):
        session.answer("certificate.nothing", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (False, "no"),
        (["a", "b"], "a, b"),
        ([], ""),
        (["two words", "b"], '["two words", "b"]'),
        (["[odd"], '["[odd"]'),
        (2048, "2048"),
        (None, ""),
    ],
)
def test_a_value_is_shown_as_it_would_be_typed(value: bool | list[str] | int | None, text: str) -> None:
    assert text_of(value) == text


def test_a_list_is_typed_with_commas(session: WizardSession) -> None:
    session.answer_text("topology.additional_names", "a.contoso.com, b.contoso.com 192.0.2.1")
    assert session.value("topology.additional_names") == ["a.contoso.com", "b.contoso.com", "192.0.2.1"]
    session.answer_text("topology.additional_names", "")
    assert session.value("topology.additional_names") == []
    assert session.answer_text("topology.additional_names", '"open') != ""


# --- domains -------------------------------------------------------------------------------------------


def test_a_domain_is_there_once_and_both_ticks_are_set(session: WizardSession) -> None:
    with_domain(session)
    session.add_domain("contoso.com")
    assert session.domains == (DomainRow("contoso.com"),)
    assert session.add_domain("no domain") != ""
    assert session.add_domain("") != ""


def test_a_domain_without_ticks_stays_in_the_list(session: WizardSession) -> None:
    with_domain(session)
    session.tick(0, sip=False)
    session.tick(0, xmpp=False)
    assert session.domains == (DomainRow("contoso.com", sip=False, xmpp=False),)
    assert "domains" not in session.flags_file()
    session.tick(0, xmpp=True)
    assert tomllib.loads(session.flags_file())["topology"] == {"xmpp_domains": ["contoso.com"]}


def test_a_domain_is_changed_and_removed(session: WizardSession) -> None:
    with_domain(session)
    session.add_domain("fabrikam.com")
    assert session.change_domain(1, "bad domain") != ""
    assert session.change_domain(1, "contoso.com") == ""
    assert session.domains == (DomainRow("contoso.com"),)
    session.remove_domain(0)
    assert not session.domains


def test_the_domain_lists_can_be_answered_like_any_key(session: WizardSession) -> None:
    with_domain(session)
    session.answer("topology.sip_domains", ["fabrikam.com"])
    assert session.domains == (
        DomainRow("contoso.com", sip=False, xmpp=True),
        DomainRow("fabrikam.com", sip=True, xmpp=False),
    )
    session.answer("topology.xmpp_domains", [])
    assert session.value("topology.xmpp_domains") == []


def test_what_was_discovered_is_added_and_is_one_step_to_undo(session: WizardSession) -> None:
    with_domain(session)
    session.answer("topology.access_edge", "mine.contoso.com")
    before = session.answers
    found = Topology(
        access_edge="sip.contoso.com",
        web_conferencing="webcon.contoso.com",
        sip_domains=("contoso.com", "fabrikam.com"),
        xmpp_domains=("contoso.com",),
    )
    session.take_topology(found)
    assert session.value("topology.access_edge") == "mine.contoso.com"
    assert session.value("topology.web_conferencing") == "webcon.contoso.com"
    assert session.domains[1] == DomainRow("fabrikam.com", sip=True, xmpp=False)
    session.undo()
    assert session.answers == before


# --- tables --------------------------------------------------------------------------------------------


def test_targets_are_added_changed_and_removed(session: WizardSession) -> None:
    with_domain(session)
    index = session.add_row("deploy", {"name": "web", "kind": "files"})
    assert [problem.key for problem in session.problems(Page.TARGETS)] == ["deploy[0].directory"]
    session.answer_text(f"deploy[{index}].directory", "certs")
    assert session.request().deploy[0].directory == "/srv/edge/certs"
    session.answer("deploy[0].kind", "gateway")
    assert session.request().deploy[0].directory == "", "what the other kind takes is kept, but not sent"
    assert session.value("deploy[0].directory") == "/srv/edge/certs"
    session.answer_text("deploy[0].name", "Bad name")
    assert session.problems(Page.TARGETS)
    session.remove_row("deploy", 0)
    assert session.problems(Page.TARGETS) == ()
    assert session.rows("deploy") == ()


# --- undo ----------------------------------------------------------------------------------------------


def test_letters_of_one_word_are_one_step(session: WizardSession) -> None:
    for end in range(1, 6):
        session.answer_text("subject.organization", "Conto"[:end])
    session.answer_text("subject.locality", "Roma")
    assert session.undo()
    assert session.value("subject.locality") == ""
    assert session.value("subject.organization") == "Conto"
    assert session.undo()
    assert session.value("subject.organization") == ""
    assert not session.undo()
    assert session.redo()
    assert session.redo()
    assert not session.redo()
    assert session.value("subject.locality") == "Roma"


def test_a_change_after_undo_forgets_what_was_undone(session: WizardSession) -> None:
    with_domain(session)
    session.undo()
    session.add_domain("fabrikam.com")
    assert not session.redo()


def test_undo_of_what_a_page_asks_leaves_it(session: WizardSession) -> None:
    session.answer("issuer.kind", "csr")
    session.go(Page.ISSUER)
    session.undo()
    assert session.page is Page.KIND


# --- what follows --------------------------------------------------------------------------------------


def test_the_plan_is_there_at_any_time(session: WizardSession) -> None:
    session.answer_text("subject.country", "Italy")
    with_domain(session)
    session.answer("topology.access_edge", "sip.contoso.com")
    texts = [name.text for name in session.plan().names]
    assert texts == ["sip.contoso.com", "contoso.com"]
    session.answer("topology.access_edge", "*.contoso.com")
    assert [finding.code for finding in session.plan().errors] == ["wildcard-not-allowed"]
    assert session.problems(Page.NAMES)


def test_a_split_is_planned_as_before(session: WizardSession) -> None:
    session.answer("topology.additional_names", [f"h{number}.contoso.com" for number in range(101)])
    assert len(session.plan().certificates) == 2
    session.keep_assignment({f"h{number}.contoso.com": 1 + (number < 50) for number in range(101)})
    assert [len(part.names) for part in session.plan().certificates] == [51, 50]


def test_the_command_says_the_same(session: WizardSession) -> None:
    with_domain(session)
    session.answer("certificate.exportable", False)
    session.answer("subject.organization", "Contoso S.p.A.")
    words = session.command()
    assert words.startswith("edgecert apply --name edge-external")
    assert "--no-exportable" in words
    assert "--organization 'Contoso S.p.A.'" in words
    session.answer("issuer.kind", "csr")
    assert session.command().startswith("edgecert request ")


# --- what a name costs, and taking it away ---------------------------------------------------------------


def test_taking_a_name_away_takes_away_what_asks_for_it(session: WizardSession) -> None:
    with_domain(session)
    session.answer("topology.access_edge", "sip.contoso.com")
    session.answer("topology.additional_names", ["x.contoso.com", "SIP.contoso.com", "bad..name"])
    assert session.drop_name("sip.contoso.com")
    assert session.value("topology.access_edge") == ""
    assert session.domains == (DomainRow("contoso.com", sip=False),)
    assert session.value("topology.additional_names") == ["x.contoso.com", "bad..name"]
    assert not session.drop_name("unknown.example")
    assert session.drop_name("contoso.com")
    assert session.domains == (DomainRow("contoso.com", sip=False, xmpp=False),)
    session.undo()
    session.undo()
    assert session.value("topology.access_edge") == "sip.contoso.com"


def test_a_name_costs_what_its_proof_asks_for(session: WizardSession) -> None:
    assert "needs no proof" in session.cost_of("contoso.com")
    session.answer("issuer.kind", "acme")
    assert "proven by nothing yet" in session.cost_of("contoso.com")
    session.add_row("issuer.challenges", {"type": "http-01", "names": ["contoso.com", "*.contoso.com"]})
    assert "has to lead to this host" in session.cost_of("contoso.com")
    assert "only by dns-01" in session.cost_of("*.contoso.com")
    session.add_row("issuer.challenges", {"type": "dns-01"})
    assert "TXT record" in session.cost_of("sip.contoso.com")
    assert session.cost_of("bad..name") != ""


def test_the_count_of_fields_is_that_of_the_page(session: WizardSession) -> None:
    assert [entry.path for entry in session.fields(Page.KIND)] == ["certificate.role", "issuer.kind"]
    index = session.add_row("deploy", {"kind": "files"})
    assert "directory" in {entry.key.name for entry in session.row_fields("deploy", index)}


def test_what_undo_and_redo_changed_is_told_in_the_words_of_the_pages() -> None:
    session = WizardSession(Path("/srv"))
    session.add_domain("contoso.com")
    session.answer("subject.locality", "Roma")
    session.answer("certificate.bit_length", "many")
    session.go(Page.TARGETS)
    told = []
    while session.undo():
        told.append(session.turned)
    assert told == [("Bit length",), ("City",), ("domains",)]
    assert session.redo()
    assert session.turned == ("domains",)
