"""Asking an ACME CA when it wants a certificate renewed (RFC 9773 §4): plain GETs, no account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.issuers.acme.problems import malformed, parse_object, problem_of
from edgecert.model.renewalinfo import RenewalInfo
from edgecert.shared.clock import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.issuers.acme.transport import Response, Transport

_OK = 200
_LONGEST_URL = 500


def fetch_renewal_info(
    transport: Transport, directory_url: str, certificate_id: str, *, retry_after: Callable[[str], float | None]
) -> RenewalInfo | None:
    """Ask the CA of ``directory_url`` about one of its certificates; None if it gives no renewal information.

    ``retry_after`` reads the header of that name.

    Raises:
        NetworkError: the CA was not reached, or said nothing that can be read: ``acme-malformed``.
        AcmeProblemError: it does not know the certificate.
    """
    directory = _get(transport, directory_url)
    base = parse_object(directory, "directory").get("renewalInfo")
    if not isinstance(base, str):
        return None
    return parse_renewal_info(_get(transport, f"{base}/{certificate_id}"), retry_after)


def parse_renewal_info(response: Response, retry_after: Callable[[str], float | None]) -> RenewalInfo:
    """Give the renewal information in ``response``.

    Raises:
        NetworkError: ``acme-malformed``: it is none, or its window ends before it begins (RFC 9773 §4.2).
    """
    window = parse_object(response, "renewal information").get("suggestedWindow")
    try:
        if not isinstance(window, dict):
            raise ValueError
        start, end = parse_time(str(window["start"])), parse_time(str(window["end"]))
        if start > end:
            raise ValueError
    except (KeyError, ValueError):
        raise malformed("renewal information") from None
    url = parse_object(response, "renewal information").get("explanationURL")
    # It is shown to people on a terminal: one line of an address, or nothing.
    shown = url if isinstance(url, str) and url.isprintable() and url.startswith(("https://", "http://")) else ""
    seconds = retry_after(response.headers.get("retry-after", ""))
    wait = None if seconds is None else timedelta(seconds=seconds)
    return RenewalInfo(start, end, shown[:_LONGEST_URL], wait)


def _get(transport: Transport, url: str) -> Response:
    response = transport.send("GET", url, {})
    if response.status != _OK:
        raise problem_of(response)
    return response
