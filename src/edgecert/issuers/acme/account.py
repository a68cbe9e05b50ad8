"""The account at the CA: registered once, found again, registered anew when the CA has lost it (RFC 8555 §7.3)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.issuers.acme.library import messages
from edgecert.issuers.acme.problems import AcmeProblemError, malformed, parse_object
from edgecert.shared.atomic import crash_point
from edgecert.shared.configfile import read_secret_file
from edgecert.shared.errors import MaterialError, RefusedError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.interfaces import Progress
    from edgecert.issuers.acme.accountfiles import AccountFiles, AccountRecord
    from edgecert.issuers.acme.client import AcmeClient
    from edgecert.shared.jsonvalue import JsonObject

UNKNOWN: Final = "accountDoesNotExist"


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

    def __init__(self, client: AcmeClient, files: AccountFiles, options: AccountOptions, progress: Progress) -> None:
        """Register with ``options`` when need be."""
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

    def register_again(self) -> None:
        """Register the same key anew at a CA that no longer knows the account, and say so.

        Raises:
            RefusedError, NetworkError: as :attr:`url`.
        """
        with self._files.lock():
            known = self._files.load()
            record = self._register()
        if known is not None and known.url != record.url:
            message = (
                f"the CA no longer knew the account {known.url}; its key is registered again as {record.url}. "
                "CAA records with accounturi have to name the new one"
            )
            self._progress.warn("acme-account-registered-again", message)

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
            self._client.post(url, b'{"status": "deactivated"}', kid=url)
            self._files.forget()
        return url

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
        response = self._client.post(self._client.resource("newAccount"), payload, kid=None)
        url = response.headers.get("location", "")
        if not url:
            raise malformed("account: it has no URL")
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
