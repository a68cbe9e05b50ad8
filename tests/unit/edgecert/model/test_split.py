from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from edgecert.model.split import NameGroup, Split, split_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def group(name: str) -> NameGroup:
    """``sip.a.x`` and ``a.x`` are names of the domain ``a.x``, registered as ``x``."""
    domain = name.removeprefix("sip.")
    return NameGroup(domain, domain.rpartition(".")[2])


def split(
    names: Sequence[str],
    *,
    limit: int,
    first: str | None = None,
    previous: Mapping[str, int] | None = None,
    repack: bool = False,
) -> Split:
    return split_names(names, group_of=group, limit=limit, first=first, previous=previous, repack=repack)


def pairs(*domains: str) -> list[str]:
    return [f"sip.{domain}" for domain in domains] + list(domains)


def test_what_fits_into_one_is_one() -> None:
    assert set(split(pairs("a", "b", "c"), limit=6).parts.values()) == {1}


def test_names_of_a_domain_stay_together() -> None:
    parts = split(pairs("a", "b", "c"), limit=3).parts
    assert all(parts[f"sip.{domain}"] == parts[domain] for domain in "abc")
    assert set(parts.values()) == {1, 2, 3}


def test_the_access_edge_and_its_domain_are_in_the_first() -> None:
    parts = split(pairs("a", "b", "c"), limit=2, first="sip.c").parts
    assert parts["sip.c"] == parts["c"] == 1


def test_a_new_domain_fills_a_gap_and_moves_nothing() -> None:
    before = split(pairs("a", "b", "c"), limit=4)
    after = split(pairs("z", "a", "b", "c"), limit=4, previous=before.parts)
    assert {name: after.parts[name] for name in before.parts} == before.parts
    assert after.parts["z"] == 2
    assert after.moved == ()


def test_what_leaves_makes_room_and_moves_nothing() -> None:
    before = split(pairs("a", "b", "c"), limit=2).parts
    after = split(pairs("a", "c", "d"), limit=2, previous=before).parts
    assert after["c"] == before["c"] == 3
    assert after["d"] == 2


def test_a_domain_grows_where_it_is() -> None:
    before = split(["a", "b", "c"], limit=2).parts
    assert before == {"a": 1, "b": 1, "c": 2}
    assert split(["sip.c", "a", "b", "c"], limit=2, previous=before).parts["sip.c"] == 2


def test_a_domain_that_grows_in_a_full_part_is_apart_rather_than_moved() -> None:
    before = split(["a", "b"], limit=2).parts
    after = split(["sip.a", "a", "b"], limit=2, previous=before)
    assert after.parts == {"sip.a": 2, "a": 1, "b": 1}
    assert after.moved == ()


def test_a_domain_with_more_names_than_fit_is_cut() -> None:
    names = [f"{'sip.' * (number % 2)}{number // 2}.big" for number in range(10)]
    parts = split_names(names, group_of=lambda _: NameGroup("big", "big"), limit=4, first=names[9]).parts
    assert sorted(list(parts.values()).count(part) for part in set(parts.values())) == [2, 4, 4]
    assert parts[names[9]] == 1


def test_domains_of_one_registered_domain_are_together_where_it_costs_nothing() -> None:
    parts = split(["a.x", "b.y", "c.x", "d.y"], limit=2).parts
    assert parts["a.x"] == parts["c.x"]
    assert parts["b.y"] == parts["d.y"]
    # Here keeping x together would take a third part.
    assert set(split(["a.x", "b.y", "c.x", "d.y", "e.x", "f.y"], limit=3, first="b.y").parts.values()) == {1, 2}
    assert set(split(["a.x", "c.x", "b.y", "d.y", "e.z", "f.z"], limit=3).parts.values()) == {1, 2}


def test_a_new_sibling_goes_beside_its_registered_domain() -> None:
    before = split(["a.x", "b.x", "c.y"], limit=3, previous={"a.x": 2, "b.x": 2, "c.y": 1}).parts
    assert split(["a.x", "b.x", "c.y", "d.x"], limit=3, previous=before).parts["d.x"] == 2


def test_a_new_access_edge_is_brought_to_the_first_and_the_last_domain_gives_way() -> None:
    before = {"a": 1, "b": 1, "sip.b": 1, "c": 2}
    after = split(["c", "a", "b", "sip.b"], limit=3, first="c", previous=before)
    assert after.parts == {"c": 1, "a": 1, "b": 2, "sip.b": 2}
    assert set(after.moved) == {"c", "b", "sip.b"}


def test_a_smaller_limit_moves_only_what_is_too_much() -> None:
    before = split(pairs("a", "b", "c"), limit=6).parts
    after = split(pairs("a", "b", "c"), limit=4, previous=before)
    assert set(after.moved) == {"c", "sip.c"}


def test_a_smaller_limit_may_cut_a_domain() -> None:
    assert split(["a", "sip.a"], limit=1, previous={"a": 1, "sip.a": 1}).parts == {"a": 1, "sip.a": 2}
    edge_last = split(["a", "sip.a"], limit=1, first="sip.a", previous={"a": 1, "sip.a": 1})
    assert edge_last.parts == {"a": 2, "sip.a": 1}
    assert edge_last.moved == ("a",)


def test_repack_needs_fewer_and_says_what_moved() -> None:
    scattered = {"a": 1, "b": 2, "c": 3}
    assert split(["a", "b", "c"], limit=3, previous=scattered).parts == scattered
    packed = split(["a", "b", "c"], limit=3, previous=scattered, repack=True)
    assert set(packed.parts.values()) == {1}
    assert packed.moved == ("b", "c")


def test_there_is_always_a_first_part() -> None:
    after = split(["c", "d"], limit=2, previous={"a": 1, "c": 2, "d": 3})
    assert after.parts == {"c": 1, "d": 3}
    assert after.moved == ("c",)


def test_numbers_that_are_no_parts_are_not_believed() -> None:
    assert split(["a", "b"], limit=2, previous={"a": 0, "b": -7}).parts == {"a": 1, "b": 1}


def test_parts_are_filled_largest_first() -> None:
    sizes = {"a": 3, "b": 3, "c": 2, "d": 2, "e": 2}
    names = [f"{domain}{number}" for domain, size in sizes.items() for number in range(size)]
    parts = split_names(names, group_of=lambda name: NameGroup(name[0], name[0]), limit=6).parts
    assert [list(parts.values()).count(part) for part in (1, 2)] == [6, 6]


def test_no_names_need_no_part() -> None:
    assert split([], limit=1).parts == {}


def test_a_certificate_takes_at_least_one_name() -> None:
    with pytest.raises(ValueError, match="at least one"):
        split(["a"], limit=0)


def test_the_same_question_has_the_same_answer() -> None:
    names = pairs(*(f"{letter}.{zone}" for letter in "abcdef" for zone in "xy"))
    answers = [split(names, limit=5, first="sip.a.y") for _ in range(3)]
    assert all(left == right for left, right in pairwise(answers))
