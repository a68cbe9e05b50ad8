"""The parts of a plan that takes several certificates: each a lineage with settings, files and a CSR of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from edgecert.model.sanplan import plan_sans
from edgecert.shared.errors import PlanError

if TYPE_CHECKING:
    from edgecert.interfaces import SavedSettings
    from edgecert.model.request import CertificateRequest, DeployTarget
    from edgecert.model.sanplan import PlannedCertificate


def request_of_part(request: CertificateRequest, planned: PlannedCertificate, index: int) -> CertificateRequest:
    """Give the request of one part: the same, but for its name and the names of the files that are written for it."""
    if index == 1:
        return request
    return replace(
        request,
        certificate=replace(request.certificate, name=planned.name),
        issuer=replace(request.issuer, request_file=_numbered(request.issuer.request_file, index)),
        deploy=tuple(_target_of_part(target, index) for target in request.deploy),
    )


def planned_part(settings: SavedSettings, name: str) -> PlannedCertificate:
    """Give the part of the saved settings' plan that is the lineage ``name``, whatever it was called when it was saved.

    Raises:
        PlanError: the saved settings no longer plan such a certificate, or the plan has errors.
    """
    plan = plan_sans(settings.request, assignment=settings.assignment)
    if plan.errors:
        message = "; ".join(finding.message for finding in plan.errors)
        raise PlanError(message, hint=f"edgecert settings show {name}")
    if settings.part > len(plan.certificates):
        message = f"the saved settings of {name} plan no certificate of that name"
        raise PlanError(message, hint=f"apply its flags file again, or: edgecert remove {name}")
    return replace(plan.certificates[settings.part - 1], name=name)


def _target_of_part(target: DeployTarget, index: int) -> DeployTarget:
    if target.kind == "gateway" or target.layout == "per-domain":
        return target
    return replace(
        target,
        cert_file=_numbered(target.cert_file, index),
        key_file=_numbered(target.key_file, index),
        combined_file=_numbered(target.combined_file, index),
    )


def _numbered(file: str, index: int) -> str:
    if not file:
        return file
    path = PurePath(file)
    return str(path.with_name(f"{path.stem}-{index}{path.suffix}"))
