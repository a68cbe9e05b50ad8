"""Looking at what a CA sent before it is taken: whose answer it is, the chain as it grows, what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.lifecycle.intake import NAMES_DIFFER
from edgecert.lifecycle.issue import compare_names_of
from edgecert.model.answer import parse_answer
from edgecert.shared.chain import order_chain, spki_sha256, verify_leaf, verify_trust
from edgecert.shared.errors import EdgecertError, MaterialError
from edgecert.shared.words import _
from edgecert.wizard.views import AnswerView

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

    from edgecert.interfaces import CertificateStore, OpenRequest
    from edgecert.model.answer import Answer
    from edgecert.wizard.views import AnswerGiven


def look_at_answer(
    store: CertificateStore, given: AnswerGiven, roots: Sequence[x509.Certificate], now: datetime
) -> AnswerView:
    """Look at ``given``; a fault is in the view, not raised, with the chain as far as it goes."""
    try:
        answer = parse_answer(given.data, password=given.password)
        extra = parse_answer(given.chain).certificates if given.chain else ()
    except EdgecertError as fault:
        return AnswerView(None, (), fault)
    request = _answered(store, answer)
    if request is None:
        message = _("no request here has the public key of this certificate")
        hint = _("was it signed from another CSR?")
        return AnswerView(None, answer.certificates, MaterialError(message, code="no-matching-request", hint=hint))
    if given.request and given.request != request.id:
        message = _("it answers another request than the one that was picked: {name}, {id}")
        other = MaterialError(
            message.format(name=request.lineage, id=request.id),
            code="other-lineage",
            hint=_("pick that one, or give the answer to this one"),
        )
        return AnswerView(request, answer.certificates, other)
    try:
        ordered = order_chain(request.spki_sha256, answer.certificates, extra=(*extra, *roots))
        verify_leaf(ordered, now=now)
    except EdgecertError as fault:
        return AnswerView(request, answer.certificates, fault)
    differing = [finding for finding in compare_names_of(request, ordered.leaf) if finding.code in NAMES_DIFFER]
    return AnswerView(
        request,
        ordered.certificates,
        None,
        _doubts(ordered.certificates, roots, now),
        tuple(finding.message for finding in differing),
    )


def _answered(store: CertificateStore, answer: Answer) -> OpenRequest | None:
    found = (store.find_request(spki_sha256(entry.public_key())) for entry in answer.certificates)
    return next((entry for entry in found if entry is not None), None)


def _doubts(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime) -> tuple[str, ...]:
    try:
        verify_trust(chain, roots, now=now)
    except EdgecertError as doubt:
        return (_("not trusted by this system's roots, as is right for a private CA: ") + doubt.message,)
    return ()
