"""Where each value comes from: flag, environment, flags file, host file, default, in this order of strength."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from edgecert.model.flagnames import dotted_flag, environment_name, flag_names, parse_environment
from edgecert.model.request import CertificateRequest
from edgecert.model.requestrules import check_request
from edgecert.shared.configfile import (
    Bound,
    Document,
    Layer,
    bind_layers,
    document_layer,
    encode,
    load_document,
    nested,
)
from edgecert.shared.errors import ConfigError, ConfigProblem
from edgecert.shared.option import option
from edgecert.shared.schema import OptionInfo, iter_options, plain
from edgecert.shared.tomltext import to_toml_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from edgecert.shared.binding import KeyProblem
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

HOST_FILE: Final = Path("/etc/edgecert/edgecert.toml")
_PREFIX: Final = "EDGECERT_"
_NO_KEYS: Final = ("EDGECERT_HOST_FILE", "EDGECERT_TEST_", "EDGECERT_GATEWAY_")  # the last are of the other program
"""Variables, or their beginnings, that name no key and are none of our business here."""

OriginKind = Literal["flag", "environment", "flags-file", "host-file", "default"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What holds for the whole host: keys at the top of the host file, ``EDGECERT_STATE_DIR``, ``--state-dir``."""

    state_dir: str = option(
        "/var/lib/edgecert", help="where certificates, requests and the local CA are kept", path=True
    )
    kek_file: str = option("/etc/edgecert/kek", help="the key that wraps keys which are not exportable", path=True)
    keep_generations: int = option(5, help="how many generations of each certificate are kept", minimum=1, maximum=1000)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: the kind of source, and the place in it (``file:line``, a variable, a flag)."""

    kind: OriginKind
    where: str = ""

    @property
    def text(self) -> str:
        """The origin in words."""
        return f"{self.kind.replace('-', ' ')} {self.where}".rstrip()


@dataclass(frozen=True, slots=True)
class ResolvedRequest:
    """The whole request, where each of its keys came from (by dotted path), and the host's settings.

    ``digest`` is the SHA-256 of the flags file in hex, empty without one; ``base`` is the directory that relative paths
    of the flags file count from. ``unknown_environment`` has each ``EDGECERT_`` variable that names no key, with the
    nearest that does.
    """

    request: CertificateRequest
    origins: Mapping[str, Origin]
    flags_file: Path | None
    digest: str
    base: Path
    host: HostSettings = field(default_factory=HostSettings)
    unknown_environment: tuple[tuple[str, str], ...] = ()

    @property
    def state_dir(self) -> Path:
        """Where certificates are kept."""
        return Path(self.host.state_dir)

    @property
    def kek_file(self) -> Path:
        """Where the key-encryption key lies."""
        return Path(self.host.kek_file)


@dataclass(frozen=True, slots=True)
class _Source:
    """A layer and which kind of source it is."""

    kind: OriginKind
    layer: Layer

    def only(self, names: frozenset[str], *, keep: bool) -> _Source:
        """Give this source with the top keys that are, or are not, in ``names``."""
        data = {name: value for name, value in self.layer.data.items() if (name in names) is keep}
        return _Source(self.kind, replace(self.layer, data=data))


def request_options() -> tuple[OptionInfo, ...]:
    """Give all keys of the flags file."""
    return tuple(iter_options(CertificateRequest))


def host_options() -> tuple[OptionInfo, ...]:
    """Give the keys that only the host file, the environment and flags have."""
    return tuple(iter_options(HostSettings))


_HOST_KEYS: Final = frozenset(item.path for item in host_options())


def resolve(
    *, flags: Mapping[str, JsonValue], environ: Mapping[str, str], flags_file: Path | None, host_file: Path = HOST_FILE
) -> ResolvedRequest:
    """Give what ``flags`` (by dotted path), ``environ`` and the two files make; the host file may be absent.

    Raises:
        ConfigError: with every problem in all four.
    """
    problems: list[ConfigProblem] = []
    host_document = _load(host_file if host_file.exists() else None, problems)
    document = _load(flags_file, problems)
    if flags_file and not document:
        raise ConfigError(problems)
    variables = list(_variables(environ))
    outer = [*_files("host-file", host_document), *variables, *_flags(flags)]
    inner = [source.only(_HOST_KEYS, keep=False) for source in outer]
    # The flags file stands above the host file and below the environment; it has no host keys.
    at = 1 if host_document else 0
    request_sources = [*inner[:at], *_files("flags-file", document), *inner[at:]]
    host_sources = [source.only(_HOST_KEYS, keep=True) for source in outer]
    blame = document_layer(document) if document else Layer({}, "command line")
    host = _bind(HostSettings, host_sources, problems, blame)
    request = _bind(CertificateRequest, request_sources, problems, blame, check_request)
    if host is None or request is None or problems:
        missing = document is None and any(problem.file == blame.source for problem in problems)
        hint = "name a flags file with -c FILE, or give what is required as flags" if missing else ""
        raise ConfigError(problems, hint=hint)
    base = document.path.absolute().parent if document else Path.cwd()
    return ResolvedRequest(
        request=_finish(request.value, base),
        origins={
            **_origins(host_options(), host, host_sources),
            **_origins(request_options(), request, request_sources),
        },
        flags_file=document.path.absolute() if document else None,
        digest=_digest(document) if document else "",
        base=base,
        host=host.value,
        unknown_environment=tuple(_unknown_variables(environ)),
    )


def resolve_host(
    *, flags: Mapping[str, JsonValue], environ: Mapping[str, str], host_file: Path = HOST_FILE
) -> HostSettings:
    """Give the host's settings alone, for verbs that work on what is in the store.

    Raises:
        ConfigError: the host file, a variable or a flag is wrong.
    """
    problems: list[ConfigProblem] = []
    document = _load(host_file if host_file.exists() else None, problems)
    sources = [*_files("host-file", document), *_variables(environ), *_flags(flags)]
    bound = _bind(
        HostSettings, [source.only(_HOST_KEYS, keep=True) for source in sources], problems, Layer({}, "command line")
    )
    if bound is None or problems:
        raise ConfigError(problems)
    return bound.value


def check_flags_file(path: Path) -> tuple[ConfigProblem, ...]:
    """Give everything that is wrong in a flags file taken alone."""
    problems: list[ConfigProblem] = []
    document = _load(path, problems)
    if document:
        layer = document_layer(document)
        _bind(CertificateRequest, [_Source("flags-file", layer)], problems, layer, check_request)
    return tuple(problems)


def check_host_file(path: Path) -> tuple[ConfigProblem, ...]:
    """Give everything that is wrong in a host file taken alone; it only fills in, so it need not be complete."""
    problems: list[ConfigProblem] = []
    document = _load(path, problems)
    if document:
        source = _Source("host-file", document_layer(document))
        name = _Source("default", Layer({"certificate": {"name": "any"}}, ""))
        _bind(HostSettings, [source.only(_HOST_KEYS, keep=True)], problems, source.layer)
        _bind(CertificateRequest, [name, source.only(_HOST_KEYS, keep=False)], problems, source.layer)
    return tuple(problems)


def _digest(document: Document) -> str:
    import hashlib  # noqa: PLC0415  # loads OpenSSL: only where something is resolved

    return hashlib.sha256(document.raw).hexdigest()


def _load(path: Path | None, problems: list[ConfigProblem]) -> Document | None:
    if path is None:
        return None
    try:
        return load_document(path)
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def _bind(
    cls: type[T],
    sources: Sequence[_Source],
    problems: list[ConfigProblem],
    blame: Layer,
    rules: Callable[[T], Iterable[KeyProblem]] | None = None,
) -> Bound[T] | None:
    try:
        return bind_layers(cls, [source.layer for source in sources], blame=blame, rules=rules)
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def _files(kind: OriginKind, document: Document | None) -> list[_Source]:
    return [_Source(kind, document_layer(document))] if document else []


def _flags(flags: Mapping[str, JsonValue]) -> Iterator[_Source]:
    """Give each flag as a layer of its own, named as the person wrote it."""
    names = {item.path: short for item, short, _ in flag_names()}
    for path, value in flags.items():
        name = names.get(path, dotted_flag(path))
        yield _Source("flag", Layer(nested({path: value}), f"--{name}", base=Path.cwd()))


def _keys_by_variable() -> dict[str, OptionInfo]:
    options = [item for item in (*host_options(), *request_options()) if "[]" not in item.path]
    return {environment_name(item.path): item for item in options}


def _variables(environ: Mapping[str, str]) -> Iterator[_Source]:
    """Give each variable that names a key as a layer of its own; an empty one counts as not set."""
    for name, item in _keys_by_variable().items():
        if text := environ.get(name):
            data = nested({item.path: parse_environment(item.kind, text)})
            yield _Source("environment", Layer(data, name, base=Path.cwd()))


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    known = _keys_by_variable()
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in known and not name.startswith(_NO_KEYS):
            yield name, next(iter(difflib.get_close_matches(name, known, n=1)), "")


def _origins(options: Iterable[OptionInfo], bound: Bound[T], sources: Sequence[_Source]) -> dict[str, Origin]:
    kinds = {id(source.layer): source.kind for source in sources}
    found = {}
    for item in options:
        if "[]" in item.path:
            continue
        layer = bound.origins.get(item.path)
        if layer is None:
            found[item.path] = Origin("default")
        else:
            line = layer.line(item.path)
            found[item.path] = Origin(kinds[id(layer)], f"{layer.source}:{line}" if line else layer.source)
    return found


def _finish(request: CertificateRequest, base: Path) -> CertificateRequest:
    """Fill in the defaults that follow from other keys."""
    if request.issuer.kind == "csr" and not request.issuer.request_file:
        request_file = str(base / f"{request.certificate.name}.csr")
        return replace(request, issuer=replace(request.issuer, request_file=request_file))
    return request


def _values(resolved: ResolvedRequest) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = {}
    for path in resolved.origins:
        value: object = encode(resolved.host) if path in _HOST_KEYS else encode(resolved.request)
        for part in path.split("."):
            value = value[part] if isinstance(value, dict) else value
        values[path] = plain(value)
    return values


def explain(resolved: ResolvedRequest) -> str:
    """Give each key with its value and where that comes from, a line each."""
    short = {"deploy": [encode(target, defaults=False) for target in resolved.request.deploy]}
    values = _values(resolved) | short
    lines = [(f"{path} = {to_toml_value(value)}", resolved.origins[path]) for path, value in values.items()]
    width = min(max(len(text) for text, _ in lines), 60)
    return "\n".join(f"{text:<{width}}  # {origin.text}" for text, origin in lines)


def explain_json(resolved: ResolvedRequest) -> JsonObject:
    """Give the same for programs: by dotted path ``value``, ``origin`` and ``where``."""
    return {
        "values": {
            path: {"value": value, "origin": resolved.origins[path].kind, "where": resolved.origins[path].where}
            for path, value in _values(resolved).items()
        }
    }


def change_request(request: CertificateRequest, changes: Mapping[str, str]) -> CertificateRequest:
    """Give ``request`` with the keys of ``changes`` (dotted path to text, written as in the environment) changed.

    Raises:
        ConfigError: a key is unknown or a value is wrong; all of them are in it.
    """
    kinds = {item.path: item.kind for item in request_options()}
    values = {path: parse_environment(kinds[path], text) if path in kinds else text for path, text in changes.items()}
    layers = [Layer(encode(request), "saved settings"), Layer(nested(values), "settings set", base=Path.cwd())]
    return bind_layers(CertificateRequest, layers, blame=layers[-1], rules=check_request).value
