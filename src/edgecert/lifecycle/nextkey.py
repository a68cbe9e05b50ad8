"""The key of the next certificate, made ahead: whoever pins keys by TLSA publishes it before it is in service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgecert.lifecycle.demand import Demand
from edgecert.lifecycle.issue import settle_requests
from edgecert.lifecycle.parts import planned_part
from edgecert.shared.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.interfaces import CertificateStore, OpenRequest, SavedSettings
    from edgecert.lifecycle.issue import Issuance


@dataclass(frozen=True, slots=True)
class NextKey:
    """The next key of a lineage: the request that has it (None in a dry run), and whether it was made just now."""

    name: str
    request: OpenRequest | None
    made: bool


@dataclass(frozen=True, slots=True)
class NextKeys:
    """The use case: make the key and the request of the next renewal, and ask no CA."""

    store: CertificateStore
    issuance_for: Callable[[SavedSettings], Issuance]
    lock_timeout: float

    def prepare(self, name: str, *, dry_run: bool = False) -> NextKey:
        """Make the next key of ``name`` if there is none yet; the next renewal goes on with it.

        Raises:
            StoreError: ``no-such-certificate``.
            LockedError: another run works on it.
        """
        with self.store.lock(name, self.lock_timeout):
            settings = self.store.load_settings(name)
            if settings is None:
                message = f"there is no certificate named {name}"
                raise StoreError(message, code="no-such-certificate", hint="edgecert list shows what there is")
            demand = Demand(settings.request, planned_part(settings, name))
            settle_requests(self.store, name)
            issuance = self.issuance_for(settings)
            known = issuance.find_open(demand)
            if known is not None or dry_run:
                return NextKey(name, known, made=known is None)
            drop_prepared(self.store, name)
            return NextKey(name, issuance.open_request(demand, new_key=True, prepared=True), made=True)


def drop_prepared(store: CertificateStore, name: str) -> None:
    """Give up keys that were made ahead: for other names, or before the key is replaced because others may know it."""
    for request in store.requests(name):
        if request.state == "open" and request.prepared:
            store.save_request(replace(request, state="cancelled"))
