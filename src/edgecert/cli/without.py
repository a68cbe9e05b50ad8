"""The exact command that goes on without names that a CA refused: said, never done by itself."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from edgecert.model.dropping import drop_names
from edgecert.model.flagnames import environment_name, flag_names
from edgecert.shared.names import to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from edgecert.model.request import CertificateRequest

_TABLE = "topology"


def way_on_without(request: CertificateRequest, names: Sequence[str], argv: Sequence[str]) -> str:
    """Give the hint that ends with the command ``argv`` changed so that it asks for everything but ``names``."""
    changes = _changes(request, names)
    if not changes:
        return ""
    flags = {path: short for option, short, _ in flag_names() if (path := option.path) in changes}
    dotted = {path: long for option, _, long in flag_names() if (path := option.path) in changes}
    known = {f"--{name}" for name in (*flags.values(), *dotted.values())}
    variables = [f"{environment_name(path)}=[]" for path, values in changes.items() if not values]
    added = [word for path, values in changes.items() for value in values for word in (f"--{flags[path]}", value)]
    return _said(names, [*variables, "edgecert", *_without_flags(argv, known), *added])


def way_on_of_saved(name: str, request: CertificateRequest, names: Sequence[str]) -> str:
    """Give the hint with the commands that take ``names`` out of the saved settings of ``name`` and renew it."""
    changes = _changes(request, names)
    if not changes:
        return ""
    pairs = [f"{path}={','.join(values)}" for path, values in changes.items()]
    command = ["edgecert", "settings", "set", name, *pairs]
    return f"{_said(names, command)} && {shlex.join(['edgecert', 'renew', name, '--force'])}"


def _said(names: Sequence[str], command: Sequence[str]) -> str:
    shown = ", ".join(to_unicode(name) for name in names)
    return f"no name is dropped by itself; to go on without {shown}:\n  {shlex.join(command)}"


def _changes(request: CertificateRequest, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Give the keys that ask for ``names`` with what is left of them; nothing if that would leave nothing at all."""
    before = request.topology
    after = drop_names(request.certificate.role, before, names)
    changes: dict[str, tuple[str, ...]] = {}
    left = False
    for key in before.__dataclass_fields__:
        old, new = getattr(before, key), getattr(after, key)
        left = left or bool(new)
        if old != new:
            changes[f"{_TABLE}.{key}"] = new if isinstance(new, tuple) else (new,)
    return changes if left else {}


def _without_flags(argv: Sequence[str], flags: set[str]) -> Iterator[str]:
    """Give ``argv`` without the flags among ``flags`` and their values."""
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in flags:
            skip = True
        elif word.partition("=")[0] not in flags:
            yield word
