"""The account at the CA: registered once, found again, registered anew when the CA has lost it (RFC 8555 §7.3)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.issuers.acme.accountkey import algorithm_of
from edgecert.issuers.acme.library import jws, messages
from edgecert.issuers.acme.problems import AcmeProblemError, parse_object
from edgecert.issuers.acme.wireobjects import read_location
from edgecert.shared.atomic import crash_point
from edgecert.shared.configfile import read_secret_file
from edgecert.shared.errors import MaterialError, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgecert.interfaces import Progress
    from edgecert.issuers.acme.accountfiles import AccountFiles, AccountRecord
    from edgecert.issuers.acme.client import AcmeClient
    from edgecert.model.keys import PrivateKey
    from edgecert.shared.jsonvalue import JsonObject

UNKNOWN: Final = "accountDoesNotExist"
# How CAs refuse a binding: an unknown kid, a wrong MAC, one that was used before (RFC 8555 §7.3.4).
_EAB_REFUSALS: Final = frozenset({"unauthorized", "malformed", "externalAccountRequired"})
_EAB_HINT: Final = (
    "see that eab_kid and the key in eab_hmac_key_file are a pair from the CA's page, copied whole; "
    "many CAs take each pair once"
)
_ONLY_EXISTING: Final = b'{"onlyReturnExisting": true}'


def find_account(client: AcmeClient) -> str:
    """Give the URL of the open account that the CA has for the client's key (RFC 8555 §7.3.1); nothing for none.

    Raises:
        RefusedError, NetworkError: the CA did not say.
    """
    try:
        response = client.post(client.resource("newAccount"), _ONLY_EXISTING, kid=None)
    except AcmeProblemError as problem:
        if problem.kind in (UNKNOWN, "unauthorized"):
            return ""
        raise
    is_open = parse_object(response, "account").get("status", "valid") == "valid"
    return read_location(response, "account") if is_open else ""


def key_change(url: str, old: AcmeClient, new: AcmeClient) -> bytes:
    """Give the inner JWS of a key change: the new key says that it takes the account over (RFC 8555 §7.3.5)."""
    payload = {"account": url, "oldKey": old.key.public_key().to_partial_json()}
    signed = jws.JWS.sign(json.dumps(payload).encode(), new.key, algorithm_of(new.key), None, old.resource("keyChange"))
    return str(signed.json_dumps()).encode()


def settle(files: AccountFiles, client_of: Callable[[PrivateKey], AcmeClient]) -> None:
    """Find out which of two keys the CA has after a roll-over that was cut short, and keep that one.

    Raises:
        RefusedError, NetworkError: the CA did not say; both keys stay.
    """
    if files.next_key() is None:
        return
    with files.lock():
        key, record = files.next_key(), files.load()
        if key is None:
            return  # another run was quicker
        found = find_account(client_of(key))
        if record is not None and found == record.url:
            files.take_next_key()
        else:
            files.drop_next_key()


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """What the flags file says of an account."""

    email: str = ""
    accept_terms: bool = False
    eab_kid: str = ""
    eab_hmac_key_file: Path | None = None

    @property
    def contact(self) -> tuple[str, ...]:
        """The account's contacts."""
        return (f"mailto:{self.email}",) if self.email else ()


class Account:
    """One account; its key is the client's."""

    def __init__(
        self,
        client: AcmeClient,
        files: AccountFiles,
        options: AccountOptions,
        progress: Progress,
        client_of: Callable[[PrivateKey], AcmeClient],
    ) -> None:
        """Register with ``options`` when need be; ``client_of`` gives a client of the same CA with another key."""
        self._client_of = client_of
        self._client = client
        self._files = files
        self._options = options
        self._progress = progress

    @property
    def url(self) -> str:
        """The account's URL, which names it in requests; registered at the first use.

        Raises:
            RefusedError: the CA does not want us: ``terms-not-accepted``, ``eab-required``, ``acme-refused``.
            NetworkError: the CA was not reached.
        """
        record = self._files.load()
        if record is None:
            with self._files.lock():
                record = self._files.load() or self._register()
        return record.url

    def register_again(self) -> tuple[str, str]:
        """Register the same key anew at a CA that no longer knows the account; give the URL it had, and the new one.

        Raises:
            RefusedError, NetworkError: as :attr:`url`.
        """
        with self._files.lock():
            known = self._files.load()
            record = self._register()
        old = known.url if known is not None else record.url
        if old != record.url:
            message = (
                f"the CA no longer knew the account {old}; its key is registered again as {record.url}. "
                "CAA records with accounturi have to name the new one"
            )
            self._progress.warn("acme-account-registered-again", message)
        return old, record.url

    def fetch(self) -> JsonObject:
        """Give the account as the CA has it.

        Raises:
            RefusedError, NetworkError: as :attr:`url`.
        """
        return parse_object(self._client.post(self.url, b"", kid=self.url), "account")

    def update(self) -> JsonObject:
        """Give the CA the contacts of the options, and keep them (RFC 8555 §7.3.2).

        Raises:
            RefusedError, NetworkError: as :attr:`url`.
        """
        with self._files.lock():
            url = self._known().url
            payload = json.dumps({"contact": list(self._options.contact)}).encode()
            answer = parse_object(self._client.post(url, payload, kid=url), "account")
            self._files.save(url, self._options.contact)
        return answer

    def deactivate(self) -> str:
        """End the account for ever; give the URL it had (RFC 8555 §7.3.6). The next issue makes a new one.

        Raises:
            RefusedError, NetworkError: as :attr:`url`.
        """
        with self._files.lock():
            url = self._known().url
            try:
                self._client.post(url, b'{"status": "deactivated"}', kid=url)
            except AcmeProblemError as problem:
                # What a run did that died before it could write it down has been done all the same.
                if problem.kind not in ("unauthorized", UNKNOWN) or self._find() == url:
                    raise
            crash_point("acme-deactivated")
            self._files.forget()
        return url

    def roll_over(self) -> str:
        """Give the account another key (RFC 8555 §7.3.5), and give its URL, which stays.

        Both keys are kept until it is known which one the CA has; :func:`settle` finds that out.

        Raises:
            RefusedError, NetworkError: as :attr:`url`.
        """
        with self._files.lock():
            url = self._known().url
            new = self._client_of(self._files.make_next_key())
            try:
                self._client.post(self._client.resource("keyChange"), key_change(url, self._client, new), kid=url)
            except AcmeProblemError:
                # Asked twice, because an answer was lost, it knows the old key no more: only the new one tells.
                if find_account(new) != url:
                    self._files.drop_next_key()
                    raise
            crash_point("acme-rolled-over")
            self._files.take_next_key()
        self._client.key = new.key
        return url

    def _find(self) -> str:
        """Give the URL of the open account that the CA has for our key; nothing where it has none."""
        return find_account(self._client)

    def _known(self) -> AccountRecord:
        return self._files.load() or self._register()

    def _register(self) -> AccountRecord:
        options, directory = self._options, self._client.directory
        terms = directory["meta"].terms_of_service
        if not options.accept_terms:
            message = f"the CA's terms of service have not been agreed to: {terms or self._client.directory_url}"
            raise UsageError(
                message, code="terms-not-accepted", hint="read them, then set [issuer] accept_terms = true"
            )
        registration = messages.NewRegistration(
            terms_of_service_agreed=True,
            **({"contact": options.contact} if options.contact else {}),
            **({"external_account_binding": self._binding()} if options.eab_kid else {}),
        )
        if not options.eab_kid and directory["meta"].external_account_required:
            message = "this CA opens an account only for its own customers (external account binding)"
            hint = "get a key identifier and a key from the CA: [issuer] eab_kid and eab_hmac_key_file"
            raise RefusedError(message, code="eab-required", hint=hint)
        payload = registration.json_dumps().encode()
        try:
            response = self._client.post(self._client.resource("newAccount"), payload, kid=None)
        except AcmeProblemError as problem:
            if options.eab_kid and problem.kind in _EAB_REFUSALS:
                problem.code = "eab-refused"
                problem.hint = _EAB_HINT
            raise
        url = read_location(response, "account")
        if parse_object(response, "account").get("status", "valid") != "valid":
            message = f"the account {url} is closed at the CA"
            raise AcmeProblemError(
                "unauthorized", message, hint="choose another [issuer] account; it gets a key of its own"
            )
        crash_point("acme-registered")
        self._progress.step(f"ACME account {url} at {self._client.directory_url}")
        return self._files.save(url, options.contact)

    def _binding(self) -> JsonObject:
        file = self._options.eab_hmac_key_file
        if file is None:  # the flags file's rules want both
            raise UsageError("eab_kid needs eab_hmac_key_file")
        text = read_secret_file(file).reveal().decode("ascii", "replace").strip().rstrip("=")
        text = text.replace("+", "-").replace("/", "_")  # some CAs show it as plain base64
        if not re.fullmatch(r"[A-Za-z0-9_-]{2,}", text) or len(text) % 4 == 1:
            message = f"{file} holds no key of an external account binding: that is one line of base64url"
            raise MaterialError(message, code="eab-key-malformed", hint="copy it again from the CA's page")
        binding: JsonObject = messages.ExternalAccountBinding.from_data(
            self._client.key.public_key(), self._options.eab_kid, text, self._client.directory
        )
        return binding
