"""What a certificate is asked to be, and how one that is there differs from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgecert.shared.names import from_certificate

if TYPE_CHECKING:
    from edgecert.interfaces import OpenRequest
    from edgecert.model.request import CertificateRequest, Subject
    from edgecert.model.sanplan import PlannedCertificate
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.names import GeneralName

_SUBJECT_ATTRIBUTES = (
    ("organization", NameOID.ORGANIZATION_NAME),
    ("organizational_unit", NameOID.ORGANIZATIONAL_UNIT_NAME),
    ("country", NameOID.COUNTRY_NAME),
    ("state", NameOID.STATE_OR_PROVINCE_NAME),
    ("locality", NameOID.LOCALITY_NAME),
)


@dataclass(frozen=True, slots=True)
class Demand:
    """One certificate of a plan together with the request it belongs to."""

    request: CertificateRequest
    planned: PlannedCertificate
    family: tuple[GeneralName, ...] = ()
    """Every name of the whole plan, where it takes several certificates."""

    @property
    def name(self) -> str:
        """The lineage."""
        return self.planned.name

    @property
    def name_texts(self) -> tuple[str, ...]:
        """The planned names as text, in order."""
        return tuple(entry.name.text for entry in self.planned.names)

    @property
    def key_description(self) -> str:
        """The key asked for, such as ``rsa-2048``."""
        return f"{self.request.certificate.key_algorithm}-{self.request.certificate.bits}"

    def digest(self) -> str:
        """Give a hash over everything that would make another certificate; equal demands have equal digests."""
        options, subject = self.request.certificate, self.request.subject
        document: dict[str, object] = {
            "names": self.name_texts,
            "common_name": self.planned.common_name,
            "key": self.key_description,
            "exportable": options.exportable,
            "role": options.role,
            "client_auth": options.client_auth,
            "template": options.template,
            "subject": [getattr(subject, attribute) for attribute, _oid in _SUBJECT_ATTRIBUTES],
            "issuer": self.request.issuer.kind,
        }
        if self.request.issuer.kind == "acme":
            document |= {"directory": self.request.issuer.directory, "profile": self.request.issuer.profile}
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def differences(self, bundle: Bundle, origin: OpenRequest | None) -> tuple[str, ...]:
        """Say in words what makes ``bundle`` another certificate than the one asked for; empty when nothing does.

        ``origin`` is the request that ``bundle`` answers. Where it is known, what was asked then is compared, because a
        CA may change or drop what it was asked for, and asking the same again would bring the same.
        """
        if origin is not None and origin.digest == self.digest():
            return ()
        found = list(self._plain_differences(bundle, origin))
        if not found and origin is not None and origin.digest:
            acme = self.request.issuer.kind == "acme"
            found.append("directory, profile or role" if acme else "subject, role or template")
        return tuple(found)

    def _plain_differences(self, bundle: Bundle, origin: OpenRequest | None) -> list[str]:
        meta, options = bundle.meta, self.request.certificate
        found = []
        present = set(origin.names) if origin is not None else {name.text for name in from_certificate(bundle.leaf)}
        if added := [name for name in self.name_texts if name not in present]:
            found.append(f"names added: {', '.join(added)}")
        if dropped := sorted(present - set(self.name_texts)):
            found.append(f"names dropped: {', '.join(dropped)}")
        if meta.key != self.key_description:
            found.append(f"key {meta.key} → {self.key_description}")
        if meta.exportable != options.exportable:
            found.append("key exportable" if options.exportable else "key not exportable")
        if meta.issuer_kind != self.request.issuer.kind:
            found.append(f"issuer {meta.issuer_kind} → {self.request.issuer.kind}")
        if origin is None and _has_client_auth(bundle.leaf) != options.client_auth:
            found.append("extended key usage clientAuth")
        if (
            origin is None
            and self.request.issuer.kind == "local"
            and not _subject_agrees(bundle.leaf, self.request.subject)
        ):
            found.append("subject")
        return found


def _has_client_auth(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage


def _subject_agrees(certificate: x509.Certificate, subject: Subject) -> bool:
    for attribute, oid in _SUBJECT_ATTRIBUTES:
        present = [str(entry.value) for entry in certificate.subject.get_attributes_for_oid(oid)]
        wanted = getattr(subject, attribute)
        if present != ([wanted] if wanted else []):
            return False
    return True
