"""Why a stream between servers ended: the conditions of RFC 6120 section 4.9.3, as ``status`` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_THEIR_SOFTWARE: Final = "tell the partner's administrator: their server, or something between, spoils the stream."

ENTRIES: Final[Mapping[str, Explanation]] = {
    "policy-violation": Explanation(
        "a stream went against somebody's rules",
        "Inbound: the domain is no partner, its settings do not allow what it tried (say, dialback in the clear), or "
        "it had too many streams. Outbound, in the partner's words: we are not let in there.",
        "the text beside it says which rule; `edgecert-gateway partner show DOMAIN` shows ours.",
    ),
    "not-authorized": Explanation(
        "a stream was ended because its peer did not prove who it is",
        "Inbound: the partner's certificate proves nothing and dialback is not allowed, or stanzas came before any "
        "proof. Outbound, in the partner's words: it does not believe that we are our domain.",
        "the text names the fault of the certificate; `edgecert check DOMAIN` looks at either side from outside.",
    ),
    "host-unknown": Explanation(
        "a stream was meant for a domain that is not served there",
        "Inbound: the header's `to` is no home domain here, so that somebody's SRV records lead to the wrong server. "
        "Outbound: the partner's records lead to a server that does not know it.",
        "compare the SRV records with the [[home]] tables, or ask the partner to mend theirs.",
    ),
    "improper-addressing": Explanation(
        "an address was missing or changed",
        "A stream's header had no `from`, or another one after TLS, or a stanza came without both addresses.",
        "monitors that only look at the certificate do this and need no care; of a partner it is a fault.",
    ),
    "invalid-from": Explanation(
        "somebody spoke in a name that it has not proved",
        "A stanza's `from` was outside the domains that the stream may speak for, or claimed a home domain of ours.",
        "of a partner: have it list the domain as additional one of its own; of a stranger it is an attempt to forge.",
    ),
    "resource-constraint": Explanation(
        "there was no room for the stream",
        "Here: no certificate is in service yet, or too much was held for the peer. In a partner's words: it has too "
        "much to do.",
        "deploy a certificate; look at [limits] and `edgecert-gateway queue list`.",
    ),
    "remote-connection-failed": Explanation(
        "a server that had to be asked was not reached",
        "Dialback asks the servers of the domain that is to be proved, and they did not answer.",
        "check the SRV records of that domain, and that port 5269 is reachable.",
    ),
    "unsupported-version": Explanation(
        "the peer speaks no XMPP 1.0",
        "Without version 1.0 there are no stream features, and so no TLS.",
        "the partner has to bring its server up to date.",
    ),
    "not-well-formed": Explanation(
        "what came is no XML", "The bytes cannot be read as XML 1.0 in UTF-8 (RFC 6120 section 11.3).", _THEIR_SOFTWARE
    ),
    "restricted-xml": Explanation(
        "what came is XML that XMPP forbids",
        "Comments, processing instructions, DTDs and entities are refused at their first byte (RFC 6120 section 11.1).",
        _THEIR_SOFTWARE,
    ),
    "invalid-xml": Explanation(
        "what came is XML, and no stanza", "An element or attribute is not what its schema allows.", _THEIR_SOFTWARE
    ),
    "invalid-namespace": Explanation(
        "the stream is of another kind",
        "The header's namespaces are not those of a stream between servers: perhaps a client dialled port 5269.",
        "clients belong on the home system's port 5222.",
    ),
    "bad-namespace-prefix": Explanation(
        "the stream's prefix is not the one that must be", "RFC 6120 section 4.8.5 wants `stream:`.", _THEIR_SOFTWARE
    ),
    "bad-format": Explanation(
        "what came cannot be processed", "The peer, or we, saw no more specific fault.", _THEIR_SOFTWARE
    ),
    "unsupported-encoding": Explanation(
        "the stream is not UTF-8", "RFC 6120 section 11.6 allows no other encoding.", _THEIR_SOFTWARE
    ),
    "unsupported-stanza-type": Explanation(
        "an element came that nobody expected",
        "It is no stanza and belongs to nothing that was offered.",
        _THEIR_SOFTWARE,
    ),
    "unsupported-feature": Explanation(
        "the peer needs a feature that is not there",
        "What it wants to negotiate before it goes on is not offered.",
        "ask its administrator what its server insists on.",
    ),
    "internal-server-error": Explanation(
        "a server failed", "The fault lies in the software that says this.", "look at the log of the side that said it."
    ),
    "undefined-condition": Explanation(
        "the peer gave no standard reason",
        "Its text, if there is one, is beside it.",
        "ask the partner's administrator.",
    ),
    "conflict": Explanation(
        "a newer connection took the place of this one",
        "A home domain has one component; the one that connects last counts.",
        "see that only one program connects for the domain.",
    ),
    "host-gone": Explanation(
        "the domain is not served there any more",
        "The partner's server used to serve it.",
        "ask for its new SRV records.",
    ),
    "see-other-host": Explanation(
        "the partner's server points to another one",
        "A stranger's word is not followed; SRV records are what leads to servers.",
        "ask the partner to change its SRV records.",
    ),
    "connection-timeout": Explanation(
        "a stream was silent for too long",
        "Idle streams end; the next stanza opens another.",
        "nothing needs to be done.",
    ),
    "reset": Explanation(
        "a stream was ended so that another one begins",
        "A certificate was replaced with --close-old-streams now, here or at the partner.",
        "nothing needs to be done.",
    ),
    "system-shutdown": Explanation(
        "a server was stopped", "Its streams end in good order and come back with it.", "nothing needs to be done."
    ),
}
