"""What the gateway says of the tables that administrators keep: partners and contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARTNERS: Final[Mapping[str, Explanation]] = {
    "partner-refused": Explanation(
        "the partner table cannot be changed as asked",
        "A rule that holds for the table as a whole would be broken. The table is as it was.",
        "the message names the partner and the rule.",
    ),
    "partner-domain": Explanation(
        "a partner's domain is no domain",
        "Primary and additional domains are written as fabrikam.example: no user, no resource, no wildcard, no "
        "address. Each domain is listed by itself, because a subdomain is never implied.",
        "correct the spelling, and list each subdomain that the partner uses.",
    ),
    "partner-domain-taken": Explanation(
        "two partners have one domain",
        "Policy belongs to the partner that a domain names, so that each domain is of one partner only, as its primary "
        "domain or as one of its additional domains.",
        "take the domain out of one of the two.",
    ),
    "partner-proxy": Explanation(
        "a partner's proxy is no host",
        "proxy names a host, or host:port, that is dialled instead of what the DNS says for the partner's domain. The "
        "certificate is still verified against the domain.",
        "give a host name or an address, an IPv6 address in brackets; without a port 5269 is used.",
    ),
    "home-partner-clash": Explanation(
        "a domain is home and partner",
        "A home domain is ours and its users are behind a connector; a partner's are on the other side of a stream. A "
        "domain that was both could be spoken for from outside.",
        "take the domain out of the [[home]] tables or out of the partner.",
    ),
    "no-such-partner": Explanation(
        "no partner has this primary domain",
        "A partner is named by its primary domain; an additional domain finds it for stanzas, not for commands.",
        "look it up with `edgecert-gateway partner list`.",
    ),
    "no-method": Explanation(
        "a partner's settings leave no way to prove itself",
        "tls, sasl and dialback together decide by which methods the partner's servers may prove their domain. Five of "
        "the 18 combinations leave none: SASL needs TLS, and without SASL there must be dialback.",
        "set tls to required or optional with sasl, or set dialback to true; the partner table of the reference shows "
        "all combinations.",
    ),
    "dialback-never-runs": Explanation(
        "dialback is allowed but can never run",
        "With TLS and SASL both required only SASL EXTERNAL is left, whatever dialback says. (A warning.)",
        "set dialback to false, or sasl to optional if dialback inside TLS is meant.",
    ),
    "tls-not-required": Explanation(
        "SASL needs TLS, and TLS is not required",
        "A partner that does not offer TLS cannot prove itself by certificate, and the stream may fail. (A warning.)",
        "set tls to required unless the partner cannot do it.",
    ),
    "federated-by-dns": Explanation(
        "a federated partner may prove itself by dialback in the clear",
        "Dialback in the clear rests on the DNS alone, and a federated partner's users need no consent. Who forges the "
        "DNS speaks for the partner. (A warning.)",
        "set tls to required or dialback to false, or give the partner another type.",
    ),
}

_CONTACTS: Final[Mapping[str, Explanation]] = {
    "contact-refused": Explanation(
        "a contact cannot be changed as asked",
        "A contact is a pair of a home user and a partner's user, both by their bare JIDs. Nothing was changed.",
        "the message says what does not fit.",
    ),
    "contact-home": Explanation(
        "the home user of a contact is none",
        "The first address has to be a user of one of the [[home]] domains: not the domain itself, no resource.",
        "give the home user first and the partner's user second.",
    ),
    "contact-partner": Explanation(
        "the partner's user of a contact is none",
        "The second address has to be a bare JID of another domain than ours.",
        "give the home user first and the partner's user second.",
    ),
    "no-such-contact": Explanation(
        "there is no such contact",
        "Neither a user nor an administrator has listed the pair, and nothing was asked or granted between them.",
        "look it up with `edgecert-gateway contacts list`.",
    ),
    "contact-warning": Explanation(
        "a contact has no effect as things are",
        "Contacts decide for partners of type public-unverified. For others nobody needs to be listed, and for a "
        "domain that is no partner nothing passes at all. (A warning: the contact is kept.)",
        "nothing, unless the partner's type is to change; see `edgecert-gateway partner show`.",
    ),
}

ENTRIES: Final[Mapping[str, Explanation]] = {**_PARTNERS, **_CONTACTS}
