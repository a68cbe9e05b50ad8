from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import MaterialError, StoreError
from edgecert.shared.keywrap import KeyWrapper
from edgecert.shared.secret import Secret
from gateway.tls.material import MaterialStore, StagedMaterial, verify_material
from tests.support.pki import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgecert.shared.bundle import Bundle, BundleMeta
    from tests.support.pki import Issued, Pki

KEK = Secret(bytes(range(32)))


def make_store(tmp_path: Path) -> MaterialStore:
    store = MaterialStore(tmp_path / "material", lambda store_id: KeyWrapper(KEK, store_id))
    store.prepare()
    return store


def code_of(
    bundle: Bundle,
    *,
    domains: Sequence[str] = ("contoso.example",),
    others: Sequence[Bundle] = (),
    in_service: BundleMeta | None = None,
    allow_drop: bool = False,
    rollback: bool = False,
) -> str:
    try:
        verify_material(
            bundle,
            now=now(),
            served_domains=domains,
            others=others,
            in_service=in_service,
            allow_drop=allow_drop,
            rollback=rollback,
        )
    except MaterialError as error:
        return error.code
    return ""


def test_sound_material_passes(contoso: Issued) -> None:
    assert code_of(contoso.bundle()) == ""


def test_each_fault_has_its_code(pki: Pki, contoso: Issued, fabrikam: Issued) -> None:
    good = contoso.bundle()
    names = ["contoso.example"]
    assert code_of(replace(good, key=Secret(fabrikam.key_pem))) == "key-mismatch"
    assert code_of(replace(good, certificates=(contoso.cert, pki.root.cert))) == "chain-unordered"
    assert code_of(pki.expired(names).bundle()) == "expired"
    assert code_of(pki.issue(names, eku=["client"]).bundle()) == "wrong-purpose"
    assert code_of(replace(good, meta=replace(good.meta, serial="00"))) == "meta-mismatch"
    assert code_of(replace(good, meta=replace(good.meta, name="../escape"))) == "bad-name"


def test_a_clock_may_be_five_minutes_wrong(pki: Pki) -> None:
    assert code_of(pki.issue(["contoso.example"], not_before=now() + timedelta(minutes=4)).bundle()) == ""
    late = pki.issue(["contoso.example"], not_before=now() + timedelta(minutes=7)).bundle()
    assert code_of(late) == "not-yet-valid"


def test_the_set_has_to_cover_every_domain(contoso: Issued, fabrikam: Issued) -> None:
    domains = ["contoso.example", "fabrikam.example", "litware.example"]
    with pytest.raises(MaterialError, match=r"fabrikam\.example, litware\.example") as caught:
        verify_material(contoso.bundle(), now=now(), served_domains=domains, others=())
    assert caught.value.code == "uncovered-domains"
    assert code_of(contoso.bundle(), domains=domains, allow_drop=True) == ""
    assert code_of(contoso.bundle("a"), domains=domains[:2], others=[fabrikam.bundle("b")]) == ""


def test_numbers_go_up_unless_on_purpose(contoso: Issued, pki: Pki) -> None:
    served = contoso.bundle(generation=7).meta
    assert code_of(contoso.bundle(generation=6), in_service=served) == "older-generation"
    assert code_of(contoso.bundle(generation=6), in_service=served, rollback=True) == ""
    assert code_of(contoso.bundle(generation=7), in_service=served) == ""
    other = pki.issue(["contoso.example"]).bundle(generation=7)
    assert code_of(other, in_service=served) == "generation-conflict"


def test_what_is_kept_comes_back(tmp_path: Path, contoso: Issued) -> None:
    store = make_store(tmp_path)
    store.add(contoso.bundle(generation=2))
    store.add(contoso.bundle(generation=2))
    store.set_in_service({"edge": 2})
    again = make_store(tmp_path)
    assert again.load("edge", 2).leaf == contoso.cert
    assert again.in_service() == {"edge": 2}
    assert again.lineages() == ("edge",)
    with pytest.raises(StoreError) as caught:
        again.load("edge", 3)
    assert caught.value.code == "no-such-generation"


def test_a_key_that_is_not_exportable_lies_wrapped(tmp_path: Path, contoso: Issued) -> None:
    store = make_store(tmp_path)
    store.add(contoso.bundle(exportable=False))
    content = b"".join(path.read_bytes() for path in (tmp_path / "material").rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in content
    assert make_store(tmp_path).load("edge", 1).key == Secret(contoso.key_pem)


def test_another_certificate_under_the_same_number(tmp_path: Path, contoso: Issued, fabrikam: Issued) -> None:
    store = make_store(tmp_path)
    store.add(contoso.bundle())
    store.add(fabrikam.bundle())
    assert store.load("edge", 1).leaf == fabrikam.cert
    store.set_in_service({"edge": 1})
    with pytest.raises(StoreError) as caught:
        store.add(contoso.bundle())
    assert caught.value.code == "generation-conflict"


def test_what_is_staged_survives_and_can_be_withdrawn(tmp_path: Path, contoso: Issued) -> None:
    store = make_store(tmp_path)
    store.add(contoso.bundle())
    staged = StagedMaterial("edge", 1, datetime(2027, 1, 1, tzinfo=UTC), "now", allow_drop=True)
    store.stage(staged)
    assert make_store(tmp_path).staged() == (staged,)
    assert store.unstage("edge")
    assert not store.unstage("edge")
    assert not store.unstage("../edge")
    assert store.staged() == ()


def test_prune_keeps_what_is_served_and_staged(tmp_path: Path, contoso: Issued) -> None:
    store = make_store(tmp_path)
    for generation in range(1, 11):
        store.add(contoso.bundle(generation=generation))
    store.set_in_service({"edge": 2})
    store.stage(StagedMaterial("edge", 3, datetime(2027, 1, 1, tzinfo=UTC)))
    store.prune()
    assert store.generations("edge") == (2, 3, 6, 7, 8, 9, 10)


@pytest.mark.parametrize("content", [b"{", b"[]"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    store = make_store(tmp_path)
    (tmp_path / "material" / "in-service.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"in-service\.json"):
        store.in_service()


def test_a_lineage_is_forgotten_with_all_that_is_kept_of_it(tmp_path: Path, contoso: Issued) -> None:
    store = make_store(tmp_path)
    store.add(contoso.bundle(generation=1))
    assert store.forget("edge")
    assert store.generations("edge") == ()
    assert not store.forget("edge")
    assert not store.forget("../edge")


@pytest.mark.parametrize("content", [b"{}", b'{"generation": 1, "effective_at": "soon"}'])
def test_a_damaged_date_is_named(tmp_path: Path, contoso: Issued, content: bytes) -> None:
    store = make_store(tmp_path)
    store.add(contoso.bundle(generation=1))
    (tmp_path / "material" / "edge" / "staged.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"staged\.json"):
        store.staged()


def test_before_anything_was_pushed_there_is_nothing(tmp_path: Path) -> None:
    store = make_store(tmp_path / "new")
    assert store.generations("edge") == ()
    assert store.generations("../edge") == ()


def test_a_lineage_is_forgotten_whole(tmp_path: Path, contoso: Issued) -> None:
    store = make_store(tmp_path)
    store.add(contoso.bundle("edge", 1))
    store.stage(StagedMaterial("edge", 1, datetime(2027, 1, 1, tzinfo=UTC)))
    assert store.forget("edge")
    assert (store.lineages(), store.staged()) == ((), ())
    assert not store.forget("edge")
    assert not store.forget("../material")
