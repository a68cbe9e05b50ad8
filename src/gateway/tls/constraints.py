"""Name constraints for the names of XMPP: what a CA may not say as dNSName it may not say as xmppAddr either.

RFC 5280 §4.2.1.10 bounds each form of name by constraints of that form alone. A CA that is let sign for one domain is
bounded by dNSName, for nobody who made its certificate thought of XMPP; by the letter it could sign an xmppAddr or an
SRVName of any domain in the world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from edgecert.shared.names import SrvName, XmppAddr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.shared.names import GeneralName


def may_vouch_for(path: Sequence[x509.Certificate], name: GeneralName) -> bool:
    """Whether no CA of ``path`` (leaf first) is kept by dNSName constraints from the domain of ``name``.

    dNSName and iPAddress themselves were judged when the path was found.
    """
    if not isinstance(name, SrvName | XmppAddr):
        return True
    return all(_permits(constraints, name.domain) for constraints in map(_constraints, path[1:]) if constraints)


def _constraints(certificate: x509.Certificate) -> x509.NameConstraints | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return None


def _permits(constraints: x509.NameConstraints, domain: str) -> bool:
    permitted, excluded = _domains(constraints.permitted_subtrees), _domains(constraints.excluded_subtrees)
    if any(_is_within(domain, base) for base in excluded):
        return False
    return not permitted or any(_is_within(domain, base) for base in permitted)


def _domains(subtrees: Sequence[x509.GeneralName] | None) -> list[str]:
    return [subtree.value.lower().strip(".") for subtree in subtrees or () if isinstance(subtree, x509.DNSName)]


def _is_within(domain: str, base: str) -> bool:
    """Whether ``domain`` is ``base`` with any number of labels in front of it; an empty base holds all domains."""
    return not base or domain == base or domain.endswith(f".{base}")
