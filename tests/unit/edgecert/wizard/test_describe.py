"""What is said of certificates, requests and targets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.interfaces import Deployment, ListenerReport, TargetVerdict, Verification
from edgecert.lifecycle.results import TargetResult
from edgecert.model.csr import build_csr
from edgecert.model.keys import generate_key
from edgecert.model.request import Subject
from edgecert.model.sanplan import PlannedCertificate, PlannedName
from edgecert.shared.names import DnsName
from edgecert.store.memory import MemoryStore
from edgecert.wizard.describe import (
    describe_certificate,
    describe_chain,
    describe_csr,
    describe_meta,
    describe_result,
    valid_until,
)
from tests.support.clock import FakeClock
from tests.support.pki import Pki, now

if TYPE_CHECKING:
    from pathlib import Path


def test_a_request_is_decoded() -> None:
    names = (
        PlannedName(DnsName("sip.contoso.com"), ("access edge",)),
        PlannedName(DnsName("xn--bcher-kva.example"), ()),
    )
    key = generate_key("ecdsa", 256)
    csr = build_csr(
        key,
        PlannedCertificate("edge", "sip.contoso.com", names),
        subject=Subject(organization="Contoso"),
        client_auth=True,
        template="",
        names_only=False,
    )
    text = "\n".join(describe_csr(csr.public_bytes(Encoding.PEM)))
    assert "O=Contoso" in text
    assert "ecdsa-256" in text
    assert "bücher.example" in text
    assert "clientAuth" in text


def test_a_certificate_and_its_chain_are_decoded(tmp_path: Path) -> None:
    pki = Pki.create(tmp_path)
    issued = pki.issue(["sip.contoso.com"], eku=("server", "client"))
    text = "\n".join(describe_certificate(issued.cert, now=now()))
    assert "Test Issuing CA" in text
    assert "in 89 days" in text
    assert "serverAuth, clientAuth" in text
    steps = describe_chain((issued.cert, pki.intermediate.cert, pki.root.cert))
    assert [line.rpartition("(")[2] for line in steps] == ["leaf)", "intermediate)", "root, left out)"]
    bare = pki.issue(["sip.contoso.com"], eku=())
    assert "Usage" not in "\n".join(describe_certificate(bare.cert, now=now()))


def test_what_has_ended_is_said_to_have() -> None:
    clock = FakeClock()
    assert "(expired)" in valid_until(clock.now() - timedelta(hours=1), clock.now())
    assert "(in 1 day)" in valid_until(clock.now() + timedelta(days=1), clock.now())


def test_a_generation_is_told_in_a_few_lines(tmp_path: Path) -> None:
    clock = FakeClock(now())
    store = MemoryStore(clock)
    bundle = Pki.create(tmp_path).issue(["sip.contoso.com"]).bundle("edge", 1)
    store.add_generation(bundle)
    text = "\n".join(describe_meta(store, bundle.meta, clock.now()))
    assert "edge, generation 1" in text
    assert "sip.contoso.com" in text


def test_each_verdict_has_a_mark_and_words(tmp_path: Path) -> None:
    meta = Pki.create(tmp_path).issue(["contoso.com"]).bundle().meta
    seen = ListenerReport("192.0.2.1:5269", "xmpp-s2s", "contoso.com", TargetVerdict.SAME, serial=meta.serial)
    marks = set()
    for verdict in TargetVerdict:
        entry = Deployment("web", "files", wanted=1, serving=1, verdict=verdict, last_error="")
        lines = describe_result(
            TargetResult(entry, meta, 5, failed=False, verification=Verification(verdict, "", (seen,)))
        )
        marks.add(lines[0][0])
        assert "✓ xmpp-s2s 192.0.2.1:5269 contoso.com" in lines[1]
    assert marks == {"✓", "✗", "!", "?"}


def test_a_failure_is_told_with_its_reason(tmp_path: Path) -> None:
    meta = Pki.create(tmp_path).issue(["contoso.com"]).bundle().meta
    entry = Deployment("web", "files", wanted=2, serving=None, last_error="reload failed")
    lines = describe_result(TargetResult(entry, meta, 5, failed=True))
    assert lines[0].startswith("✗ web: failed; in service: nothing")
    assert lines[1].strip() == "reload failed"
