"""Issuing by ACME: what the CA refuses, what keeps it from looking, and what is missing here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVER: Final[Mapping[str, Explanation]] = {
    "acme-unreachable": Explanation(
        "The ACME server does not answer",
        "No connection, no answer in time, or an answer that broke off; it was tried several times.",
        "See whether this host reaches the directory's URL (firewall, DNS), and run the command again: it goes on with "
        "the same key and the same order.",
    ),
    "acme-tls": Explanation(
        "The ACME server's own certificate is not trusted",
        "The connection to the directory is encrypted, but its certificate is from a CA that this host does not know, "
        "or is for another name.",
        "For a private CA name the file with its root: `directory_ca_file` in [issuer].",
    ),
    "acme-malformed": Explanation(
        "The ACME server does not speak ACME",
        "An answer lacks what RFC 8555 says must be in it, or is not JSON at all.",
        "See that `directory` in [issuer] is the URL of a directory, not of a web page, and that no proxy answers.",
    ),
    "acme-unavailable": Explanation(
        "The ACME server fails again and again",
        "It answered with a fault of its own (500 to 504) however often it was asked.",
        "Try again later; the CA's status page may say more. The order is gone on with.",
    ),
    "acme-timeout": Explanation(
        "The CA takes too long",
        "One certificate may take five minutes in all, the CA's own pauses (Retry-After) included.",
        "Run the command again: it goes on with the same order.",
    ),
    "acme-refused": Explanation(
        "The CA refused",
        "The CA answered with a problem document; its type and its words are in the message, those about single names "
        "with the name.",
        "The hint says what to do about problems of this type (RFC 8555, section 6.7).",
    ),
    "acme-rate-limited": Explanation(
        "The CA limits how often it is asked",
        "Too many orders, certificates or failures in a time. The message is the CA's own.",
        "Wait as long as it says. Try things out with the CA's staging directory: it has limits of its own.",
    ),
}

_BEFOREHAND: Final[Mapping[str, Explanation]] = {
    "rate-limit": Explanation(
        "The CA would refuse one more order now",
        "By what this host ordered before, a limit of the CA's is reached, or the CA itself said how long to stay "
        "away. Asking again would only make it longer, so nothing was asked.",
        "Wait until the time that is named. `--force` goes on where the CA raises the limit for those who ask; "
        "renewals of a certificate that the CA knows (ARI) are exempt from all. For trials use the CA's staging "
        "directory.",
    ),
}

_ACCOUNT: Final[Mapping[str, Explanation]] = {
    "terms-not-accepted": Explanation(
        "The CA's terms are not agreed to",
        "An account is opened only for who agrees to the CA's terms of service; that is a person's to say.",
        "Read them, then set `accept_terms = true` in [issuer].",
    ),
    "eab-required": Explanation(
        "The CA wants an external account binding",
        "This CA opens ACME accounts for its own customers only.",
        "Get a key identifier and a key from the CA; set `eab_kid` and `eab_hmac_key_file` in [issuer].",
    ),
    "eab-key-malformed": Explanation(
        "The key of the external account binding cannot be read",
        "The file holds something else than one line of base64url.",
        "Copy the HMAC key from the CA's page again, without quotes.",
    ),
    "eab-refused": Explanation(
        "The CA does not take the external account binding",
        "The key identifier is not known to the CA, or the key is not the one that belongs to it; or the pair was used "
        "before, or has ended.",
        "Get a fresh pair from the CA's page, and copy both whole: `eab_kid`, and the key into `eab_hmac_key_file`.",
    ),
    "acme-account-registered-again": Explanation(
        "The CA had forgotten the account",
        "The account's key was unknown at the CA and has been registered anew, so that the account has another URL.",
        "Nothing, unless CAA records name the old URL (`accounturi`): change those.",
    ),
    "caa-pins-lost-account": Explanation(
        "CAA lets only an account issue that the CA has forgotten",
        "The account's key was registered anew and has another URL now, but a domain's CAA record names the old one in "
        "`accounturi` (RFC 8657), so the CA may not issue for it. No order was spent.",
        "Publish the record as the hint shows it, then run the command again.",
    ),
    "clock-skewed": Explanation(
        "This host's clock and the CA's differ by minutes",
        "The CA's answers carry its time (the Date header). When a certificate is due, and what is not yet valid, is "
        "reckoned by the clock of this host.",
        "Let the clock be kept by NTP: `timedatectl set-ntp true`.",
    ),
    "clock-wrong": Explanation(
        "This host's clock and the CA's differ by more than an hour",
        "With such a clock a fresh certificate may look as if it were not valid yet, and renewals come at wrong times. "
        "No order was placed.",
        "Set the clock (`timedatectl`), then run the command again.",
    ),
    "profile-unknown": Explanation(
        "The CA has no such profile",
        "Its directory lists the profiles that it offers, and the one asked for is not among them. No order was spent.",
        "Choose one of those in the message, or leave `profile` out.",
    ),
}

_CHALLENGES: Final[Mapping[str, Explanation]] = {
    "acme-challenge-failed": Explanation(
        "The CA could not see that names are ours",
        "The CA looked for what edgecert had published and found something else or nothing. Each name that failed is "
        "in the message with the CA's reason; the other names are fine.",
        "Mend what the hint says for each name. To go on without a name, take it out of [topology]: no name is ever "
        "dropped by itself.",
    ),
    "challenge": Explanation(
        "A challenge could not be published",
        "What the CA looks for could not be put where it looks.",
        "See the message; the entry in [[issuer.challenges]] says how it is published.",
    ),
    "challenge-missing": Explanation(
        "Nothing says how a name is proven",
        "Each name needs the first [[issuer.challenges]] entry that is for it, and there is none. No order was spent.",
        "Name it in an entry, or add one without `names`: that is for all that are left.",
    ),
    "challenge-unfit": Explanation(
        "A name cannot be proven this way",
        "A wildcard can only be proven by dns-01, an IP address not by dns-01. No order was spent.",
        "Add an entry of the other type for this name, above the one that matched.",
    ),
    "challenge-not-offered": Explanation(
        "The CA takes no such challenge for a name",
        "The CA says per name which challenges it takes, and the configured one is not among them.",
        "Choose one of those in the message.",
    ),
    "challenge-left-behind": Explanation(
        "Something that was published for the CA is still there",
        "Taking a record or a file away failed. It does no harm to the certificate; the next run tries again if its "
        "entry in [[issuer.challenges]] is still there.",
        "See the message; take it away by hand if it stays.",
    ),
    "challenge-command-failed": Explanation(
        "The command for dns-01 failed",
        "The program in `command` could not be run, took longer than `command_timeout`, or ended with another code "
        "than 0; what it said is in the message.",
        "Run it by hand: `PROGRAM present _acme-challenge.DOMAIN TEXT`, then `clean-up` with the same words.",
    ),
    "listen-failed": Explanation(
        "The port for http-01 cannot be opened",
        "Another program has it, or the address is not one of this host's.",
        "If a web server runs there, let it serve the files: `webroot` in the place of `listen`.",
    ),
    "gateway-http01": Explanation(
        "The gateway does not answer http-01",
        "It is not running, or its `gateway.toml` has no `listen.http01`.",
        'Set `http01 = "0.0.0.0:80"` in `[listen]` and restart it once; tokens come over its control socket.',
    ),
    "records-missing": Explanation(
        "DNS records have to be published by a person",
        '`provider = "manual"` or `dns-persist-01`: edgecert has no right to change the zone.',
        "Publish the lines that were printed, each beside what is there, and run the command again: it sees that every "
        "server has them and goes on with the same order.",
    ),
    "record-not-seen": Explanation(
        "A server of the zone does not show the record",
        "It was added at the primary server, and one of the others did not follow in time.",
        "Mend the transfer to the server that is named, or raise `propagation_timeout`. Nothing was asked of the CA.",
    ),
    "delegation-loop": Explanation(
        "The CNAMEs of `_acme-challenge` have no end",
        "They lead back to themselves, or on and on.",
        "Let the CNAME name the place where the TXT record is to lie.",
    ),
    "delegation-odd": Explanation(
        "The CNAME of `_acme-challenge` leads to what is no plain name",
        "Its target has letters that no record of yours has: a mistake in the zone, or somebody answers in its place.",
        "See the CNAME (`dig CNAME`), and whether the resolver is yours. Nothing was published.",
    ),
    "delegation-unknown": Explanation(
        "It could not be looked up whether `_acme-challenge` is a CNAME",
        "This host's resolver failed or did not answer.",
        "See `nameservers` of the challenge entry. The record was published under the name itself.",
    ),
    "persist-cname": Explanation(
        "A CNAME stands where the record of dns-persist-01 must be",
        "A CA follows no CNAME for this challenge.",
        "Put the TXT record itself at `_validation-persist.DOMAIN`.",
    ),
    "persist-unknown": Explanation(
        "It is not known yet what the records of dns-persist-01 say",
        "They name the CA by its domain and the account by its URL, and there is no account yet, or no known CA.",
        "`edgecert issue` opens the account and prints them; or give `--caa-issuer` and `--account-uri` to `dns show`.",
    ),
    "persist-ends-soon": Explanation(
        "The record of dns-persist-01 ends soon",
        "Its `persistUntil` is less than thirty days away.",
        "Publish it with a later date, or without one.",
    ),
    "webroot-unwritable": Explanation(
        "Nothing can be written below the webroot",
        "The directory is not there, or this user may not write into it.",
        "Name the document root that the web server has for these names, and run edgecert as a user who may write "
        "there.",
    ),
}

ENTRIES: Final[Mapping[str, Explanation]] = MappingProxyType({**_SERVER, **_BEFOREHAND, **_ACCOUNT, **_CHALLENGES})
