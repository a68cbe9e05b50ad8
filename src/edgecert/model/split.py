"""Which name goes into which certificate when one is not enough.

A pure function over texts. What it promises, in the order in which the promises outrank each other:

1. every name is in exactly one part, no part has more names than the limit, there is a part 1 and the first name (the
   access edge) is in it;
2. a name that had a part keeps it, whatever is added or taken away around it;
3. the names of one domain are in one part, unless they are too many for one or the domain grew in a full part;
4. domains of one registered domain are together where that costs no further part; gaps are filled before a part is
   opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class NameGroup:
    """What a name belongs to: its domain, and the registered domain of that."""

    domain: str
    registered: str


@dataclass(frozen=True, slots=True)
class Split:
    """The part of each name, counted from 1, and the names that had to leave the part they had."""

    parts: Mapping[str, int]
    moved: tuple[str, ...]


def split_names(
    names: Sequence[str],
    *,
    group_of: Callable[[str], NameGroup],
    limit: int,
    first: str | None = None,
    previous: Mapping[str, int] | None = None,
    repack: bool = False,
) -> Split:
    """Give each of ``names`` (unique, in the order of the plan) its part, keeping ``previous`` unless ``repack``.

    Raises:
        ValueError: ``limit`` is less than one.
    """
    if limit < 1:
        message = "a certificate takes at least one name"
        raise ValueError(message)
    groups = {name: group_of(name) for name in names}
    known = {name: part for name, part in (previous or {}).items() if part >= 1}
    # What is there may happen to be better than what first-fit finds, so a new packing has to beat or equal it.
    starts = [{}, known] if repack else [known]
    packings = (_pack(groups, limit, first, start, bundled=bundled) for start in starts for bundled in (True, False))
    packing = min(packings, key=lambda packing: len(packing.parts))
    packing.close_first_gap()
    parts = {name: packing.part_of[name] for name in names}
    return Split(parts, tuple(name for name in names if (previous or {}).get(name, parts[name]) != parts[name]))


def _pack(
    groups: Mapping[str, NameGroup], limit: int, first: str | None, known: Mapping[str, int], *, bundled: bool
) -> _Packing:
    packing = _Packing(groups, limit)
    if first is not None and first in groups:
        packing.put([first], 1)
    for name in groups:
        if name in known and name != first:
            packing.put([name], known[name])
    packing.evict(first)
    homeless = [name for name in groups if name not in packing.part_of]
    fresh: list[list[str]] = []
    for names in _by(homeless, lambda name: groups[name].domain):
        part = packing.part_with_siblings(names)
        if part is None:
            fresh.append(names)
        else:
            packing.put(names, part)
    for unit in _units(fresh, groups, limit, bundled=bundled):
        packing.put(unit, packing.choose_part(unit))
    return packing


def _by(names: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    buckets: dict[str, list[str]] = {}
    for name in names:
        buckets.setdefault(key(name), []).append(name)
    return list(buckets.values())


def _units(
    domains: Sequence[list[str]], groups: Mapping[str, NameGroup], limit: int, *, bundled: bool
) -> list[list[str]]:
    """Give what is placed in one piece, largest first: first-fit decreasing is within 11/9 of the optimum."""
    units = [names[start : start + limit] for names in domains for start in range(0, len(names), limit)]
    if bundled:
        bundles: dict[str, list[list[str]]] = {}
        for unit in units:
            bundles.setdefault(groups[unit[0]].registered, []).append(unit)
        units = [unit for bundle in bundles.values() for unit in _join(bundle, limit)]
    return sorted(units, key=len, reverse=True)


def _join(bundle: list[list[str]], limit: int) -> list[list[str]]:
    joined = [name for unit in bundle for name in unit]
    return [joined] if len(joined) <= limit else bundle


@dataclass(slots=True)
class _Packing:
    """The parts while they are filled."""

    groups: Mapping[str, NameGroup]
    limit: int
    parts: dict[int, list[str]] = field(default_factory=dict)
    part_of: dict[str, int] = field(default_factory=dict)
    domains: dict[str, dict[int, int]] = field(default_factory=dict)
    registered: dict[str, dict[int, int]] = field(default_factory=dict)

    def put(self, names: Sequence[str], part: int) -> None:
        """Add ``names`` to ``part``, full or not."""
        self.parts.setdefault(part, []).extend(names)
        for name in names:
            self.part_of[name] = part
            self._count(name, part, 1)

    def evict(self, first: str | None) -> None:
        """Take whole domains, the last first, out of parts over the limit; never ``first``."""
        for part in [part for part, names in self.parts.items() if len(names) > self.limit]:
            while len(self.parts.get(part, ())) > self.limit:
                self._take_out(part, first)

    def part_with_siblings(self, names: Sequence[str]) -> int | None:
        """Give the part with most names of the same domain that has room for all of ``names``."""
        counts = self.domains.get(self.groups[names[0]].domain, {})
        return self._best(counts, len(names))

    def choose_part(self, unit: Sequence[str]) -> int:
        """Give a part for ``unit``: beside its registered domain, else the first with room, else a new one."""
        beside = self._best(self.registered.get(self.groups[unit[0]].registered, {}), len(unit))
        if beside is not None:
            return beside
        gap = next((part for part in sorted(self.parts) if self._has_room(part, len(unit))), None)
        if gap is not None:
            return gap
        return next(part for part in range(1, len(self.parts) + 2) if part not in self.parts)

    def close_first_gap(self) -> None:
        """Let the lowest part be the first one if that has become empty: the first certificate bears the plain name."""
        if self.parts and 1 not in self.parts:
            self.parts[1] = self.parts.pop(min(self.parts))
            self.part_of.update(dict.fromkeys(self.parts[1], 1))

    def _best(self, counts: Mapping[int, int], size: int) -> int | None:
        fitting = [part for part, count in counts.items() if count and self._has_room(part, size)]
        return min(fitting, key=lambda part: (-counts[part], part), default=None)

    def _has_room(self, part: int, size: int) -> bool:
        return len(self.parts[part]) + size <= self.limit

    def _take_out(self, part: int, first: str | None) -> None:
        names = self.parts[part]
        last = next(name for name in reversed(names) if name != first)
        domain = self.groups[last].domain
        leaving = {name for name in names if self.groups[name].domain == domain}
        if first in leaving:
            leaving = {last}
        staying = [name for name in names if name not in leaving]
        if staying:
            self.parts[part] = staying
        else:
            del self.parts[part]
        for name in leaving:
            del self.part_of[name]
            self._count(name, part, -1)

    def _count(self, name: str, part: int, step: int) -> None:
        group = self.groups[name]
        for index, key in ((self.domains, group.domain), (self.registered, group.registered)):
            counts = index.setdefault(key, {})
            counts[part] = counts.get(part, 0) + step
