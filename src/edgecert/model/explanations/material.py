"""Keys, certificates, chains and the CA of one's own: what can be wrong with them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILES: Final[Mapping[str, Explanation]] = {
    "empty-file": Explanation(
        "The file is empty",
        "Nothing was in the file that should hold the CA's answer.",
        "Save the answer again; look whether the disk is full.",
    ),
    "truncated-pem": Explanation(
        "A PEM text is cut off or damaged",
        "A block -----BEGIN …----- has no end of its own, or between the two lines is something that is no base64. "
        "Usually a line was lost when the text was copied.",
        "Copy the text again from the first to the last hyphen, or ask for the file itself.",
    ),
    "html-instead-of-certificate": Explanation(
        "A web page was saved instead of the certificate",
        "The CA's page offers the certificate behind a link; saving the page itself gives HTML.",
        "Use the download link, best for the chain in PKCS#7 or PEM.",
    ),
    "request-instead-of-certificate": Explanation(
        "This is the request, not the certificate",
        "The file is a CSR: what is sent to the CA. What the CA sends back is imported.",
        "Send the request to the CA and import the answer.",
    ),
    "key-instead-of-certificate": Explanation(
        "A private key alone was found",
        "The file holds a private key and no certificate.",
        "Give the file that the CA sent; a key is not needed, edgecert has it.",
    ),
    "malformed-certificate": Explanation(
        "The certificate is damaged",
        "The file looks like a certificate, but its inside cannot be read: it was changed on its way, or its maker "
        "does not follow RFC 5280.",
        "Ask for it again, as a file rather than as text in a message.",
    ),
    "not-a-certificate": Explanation(
        "The file is no certificate",
        "It is neither PEM, DER, PKCS#7 nor PKCS#12.",
        "Give the file that the CA sent, unchanged and unpacked.",
    ),
    "password-needed": Explanation(
        "A PKCS#12 file is protected by a password",
        "The file cannot be opened without the password it was exported with.",
        "Write the password into a file that only you can read and give --password-file FILE.",
    ),
    "wrong-password": Explanation(
        "The password does not open the file",
        "A PKCS#12 file or an encrypted key was met, and the password given is not its own. A damaged file looks the "
        "same.",
        "Check the password file: capitals, and blanks at the end, count.",
    ),
    "empty-password": Explanation(
        "A PKCS#12 file needs a password",
        "Without one anybody who finds the file has the private key.",
        "Leave the password out to have one generated, or give a file with one.",
    ),
}

_KEYS: Final[Mapping[str, Explanation]] = {
    "encrypted-key": Explanation(
        "The private key is encrypted",
        "A key under a password was met, and no password was given.",
        "Give the password with --password-file FILE.",
    ),
    "unsupported-key": Explanation(
        "The key is of a kind that is not used here",
        "edgecert makes RSA keys of 2048, 3072 and 4096 bits and ECDSA keys on P-256 and P-384: what CAs sign and "
        "what other servers accept. Other kinds of key are refused when they are imported.",
        "Choose one of those kinds.",
    ),
    "not-a-key": Explanation(
        "The text is no private key",
        "A private key in PEM form was expected.",
        "Give a file that begins with -----BEGIN PRIVATE KEY-----.",
    ),
    "key-mismatch": Explanation(
        "Key and certificate do not belong together",
        "The public key in the certificate is not the other half of the private key. Usually the answer belongs to "
        "an earlier or later request.",
        "Import the answer to the request that was made with this key; `edgecert list` shows the open requests.",
    ),
    "weak-key": Explanation(
        "An RSA key is too short",
        "TLS libraries refuse RSA keys below 2048 bits, in the leaf as in every CA certificate of the chain.",
        "Make a new request with 2048 bits or more; for a CA certificate, ask the CA.",
    ),
}

_CHAINS: Final[Mapping[str, Explanation]] = {
    "empty-chain": Explanation(
        "There is no certificate in the chain",
        "A chain has at least the server's own certificate.",
        "Give the leaf and its intermediates.",
    ),
    "chain-incomplete": Explanation(
        "An intermediate certificate is missing",
        "Other servers know roots, not intermediates: a server must send every certificate between its own and the "
        "root (RFC 8446 §4.4.2). The message names the issuer whose certificate is not there. When a CA of the same "
        "name is there, it has another key than the one that signed.",
        "Get the issuer's certificate from the CA and give it with --chain FILE. If the CA signs with its root "
        "itself, give the root: it is then known that nothing is missing.",
    ),
    "chain-unordered": Explanation(
        "The chain is in the wrong order",
        "Each certificate must be followed by the one that issued it, the server's own first. `import` puts any "
        "order right; this is said where a finished chain was expected.",
        "Put leaf first, then each issuer, and leave the root out.",
    ),
    "ca-certificate-as-leaf": Explanation(
        "A CA's certificate stands where the server's own belongs",
        "The certificate for this key says that it may issue others.",
        "Ask the CA for a server certificate.",
    ),
    "self-signed-leaf": Explanation(
        "The certificate is self-signed",
        "It is signed by its own key, so that no partner has a reason to accept it.",
        "Have a CA sign the request, or use the local CA and give partners its root.",
    ),
    "expired": Explanation(
        "A certificate of the chain has expired",
        "Its end date is past, so that every handshake with it fails.",
        "Get a new one. If it is new, look at this machine's clock.",
    ),
    "not-yet-valid": Explanation(
        "A certificate of the chain is not valid yet",
        "Its begin date is in the future. Usually a clock is wrong, here or at the CA.",
        "Look at this machine's clock, or wait.",
    ),
    "weak-signature": Explanation(
        "A certificate is signed with MD5 or SHA-1",
        "Such signatures can be forged and are refused by TLS libraries.",
        "Have the CA sign with SHA-256; an old AD CS has to be switched over first.",
    ),
    "wrong-purpose": Explanation(
        "The certificate is not for TLS servers",
        "Its extended key usage lacks serverAuth, so that whoever connects refuses it.",
        "Ask the CA for a web server certificate.",
    ),
    "untrusted-root": Explanation(
        "The chain ends at a root that is not trusted here",
        "None of the trusted roots has issued the last certificate of the chain. A root inside the CA's answer is "
        "not trusted for being there. For an import this is a finding: partners may trust that root though this "
        "machine does not.",
        "If you trust the CA, give its root with --trust FILE.",
    ),
    "untrusted-chain": Explanation(
        "The chain breaks a rule of one of its CAs",
        "A signature is false, the path is longer than a CA permits, a CA may not sign certificates, or a name lies "
        "outside a CA's name constraints (RFC 5280 §6). The message has the reason.",
        "Show the CA the message.",
    ),
    "identity-mismatch": Explanation(
        "The certificate is not for this domain",
        "None of the names in its subjectAltName is the domain: not as dNSName, not as SRVName, not as xmppAddr. The "
        "common name does not count (RFC 9525 §2), and a wildcard stands for one label.",
        "Get a certificate that has the domain itself among its names; for XMPP that is the domain after the @, not "
        "the host.",
    ),
    "name-missing": Explanation(
        "The certificate lacks names that were asked for",
        "The CA left names out. A service of such a name would fail its handshakes.",
        "Ask the CA why; take the certificate as it is with --accept-names.",
    ),
    "name-added": Explanation(
        "The certificate has names that were not asked for",
        "Some CAs add names, such as www. Make sure that it is the answer to this request.",
        "Nothing, or --accept-names where the import asks for it.",
    ),
    "common-name-dropped": Explanation(
        "The CA left the common name out",
        "The request had a common name and the certificate has none. Newer profiles of public CAs do without; every "
        "name is in the subjectAltName, which is what counts (RFC 9525 section 2).",
        "Nothing.",
    ),
    "common-name-chosen": Explanation(
        "The CA chose a common name",
        "The certificate has a common name that was not asked for. Some CAs take the first of the names.",
        "Nothing: what counts is the subjectAltName (RFC 9525 section 2).",
    ),
    "usage-missing": Explanation(
        "The certificate is not for everything that was asked for",
        "Its extended key usage lacks serverAuth, or clientAuth where that was asked for. Public CAs have signed "
        "serverAuth alone since 2026.",
        "Without serverAuth it is of no use to a server: ask the CA. For clientAuth take a private CA.",
    ),
    "usage-added": Explanation(
        "The certificate is for more than was asked for",
        "Its extended key usage names purposes beyond those of the request, such as clientAuth.",
        "Nothing.",
    ),
    "validity-differs": Explanation(
        "The certificate lives longer or shorter than its profile says",
        "The profile that was asked for is known for another span of life.",
        "See what the CA says of its profiles; when it is renewed follows the certificate itself.",
    ),
    "backdated": Explanation(
        "The certificate begins long before it was asked for",
        "CAs let certificates begin an hour or so before they sign them, for clocks that are behind. This is more than "
        "a day.",
        "See that this host's clock is right; ask the CA why.",
    ),
    "begins-later": Explanation(
        "The certificate is not valid yet",
        "It begins in the future by the clock of this host; until then nobody accepts it.",
        "See that the clock is right; else deploy it when its time has come (`--effective-date`).",
    ),
    "root-left-out": Explanation(
        "The CA sent its root, which was left out of the chain",
        "A server does not present a root: who trusts it has it.",
        "Nothing.",
    ),
    "strangers-left-out": Explanation(
        "The CA sent certificates that belong to no chain of ours",
        "They lead neither to the certificate nor from it, and were left out.",
        "Nothing.",
    ),
}

_REQUESTS: Final[Mapping[str, Explanation]] = {
    "bad-subject": Explanation(
        "A part of the subject cannot be written into a certificate",
        "Organization, unit and common name have at most 64 characters, state and locality 128, a country has two "
        "letters (RFC 5280 appendix A).",
        "Shorten the entry in [subject].",
    ),
    "bad-template": Explanation(
        "This is no AD CS template name",
        "A template has a name and a display name; the name has no characters beyond the basic ones and at most 63 "
        "of them.",
        "Give the name as `certutil -template` lists it, such as WebServer.",
    ),
    "no-names-left": Explanation(
        "No name is left that this CA takes",
        "Public CAs sign domain names and addresses alone; the plan had others only.",
        "Add a domain to [topology].",
    ),
    "request-file-taken": Explanation(
        "Where the request should be written is another file",
        "An older request is replaced; a file that is no request stays.",
        "Move it away, or choose another place with --request-file FILE.",
    ),
    "request-file-unwritable": Explanation(
        "The request file cannot be written",
        "The directory is not there, or the disk is full.",
        "Make the directory, or choose another place with --request-file FILE.",
    ),
}

_LOCAL_CA: Final[Mapping[str, Explanation]] = {
    "no-local-ca": Explanation(
        "There is no local CA yet",
        'It is made by the first issue with [issuer] kind = "local", limited to the domains of that plan.',
        "Issue a certificate from it.",
    ),
    "ca-damaged": Explanation(
        "The directory of the local CA is damaged",
        "A certificate or key of it is gone or cannot be read. It is not made anew silently, for partners would have "
        "to trust the new one first.",
        "Restore the directory from a backup. Without one, move it away: the next issue makes a new CA.",
    ),
    "ca-root-key-absent": Explanation(
        "The root key of the local CA is needed and not here",
        "It may be kept off the machine; it is needed for a new intermediate, every two years or for `ca extend`, "
        "and for exporting a limited root.",
        "Put the key back where the hint says, run the command again, and take it away afterwards.",
    ),
    "ca-root-ends": Explanation(
        "The root of the local CA ends too soon",
        "A certificate cannot outlive the root it counts on.",
        "Move the CA's directory away. The next issue makes a new one, whose root partners have to trust before it "
        "is deployed.",
    ),
    "ca-unconstrained": Explanation(
        "The local CA has no name constraints",
        "It was made without, so that there is nothing that its root could be limited to.",
        "Export the root without --limited.",
    ),
    "outside-name-constraints": Explanation(
        "The local CA may not sign for this name",
        "A local CA is limited to the domains of its first plan, so that who trusts it need not fear for others.",
        "Permit the domain with `edgecert ca extend DOMAIN`. Who trusts the root need do nothing; who trusts a "
        "limited root needs a new one.",
    ),
    "validity-too-long": Explanation(
        "The validity is longer than the local CA signs for",
        "No certificate can outlive its intermediate, which lives for two years.",
        "Set a shorter [issuer] validity, such as 90d: renewal goes by itself.",
    ),
    "bad-request": Explanation(
        "The request does not stand",
        "It is not signed by its own key, or its names are not those that were ordered.",
        "Make a new request.",
    ),
}

ENTRIES: Final[Mapping[str, Explanation]] = MappingProxyType({**_FILES, **_KEYS, **_CHAINS, **_REQUESTS, **_LOCAL_CA})
