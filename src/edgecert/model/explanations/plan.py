"""The findings of the SAN plan and the ways in which a text is no name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_MALFORMED: Final[Mapping[str, Explanation]] = {
    "name-empty": Explanation(
        "A name is empty",
        "An entry of the topology has no text, or a lone dot. A certificate with an empty name is refused by every CA.",
        "Fill the entry in or take it out of the list.",
    ),
    "name-malformed": Explanation(
        "A name has characters that no name may have",
        "A domain is labels of letters, digits and hyphens with dots between them, and no label starts or ends with"
        " a hyphen (RFC 1123 §2.1). Blanks, line ends and control characters are not mended silently.",
        "Correct the spelling; look for blanks at the ends of the text.",
    ),
    "empty-label": Explanation(
        "A name has two dots side by side, or one in front",
        "Between two dots nothing is left for a label to be. One dot at the very end is allowed and is taken away.",
        "Take the surplus dot out.",
    ),
    "label-too-long": Explanation(
        "A part of a name has more than 63 octets",
        "RFC 1035 §2.3.4 allows 63 octets between two dots. For a name in another script the A-label (xn--…) counts.",
        "Use a shorter name.",
    ),
    "name-too-long": Explanation(
        "A name has more than 253 characters",
        "The DNS carries 255 octets for a whole name, which are 253 characters as text. sip. in front of a SIP "
        "domain and *. of a wildcard count.",
        "Use a shorter name.",
    ),
    "underscore": Explanation(
        "A name has an underscore",
        "Underscores are for the owners of SRV and other records, such as _xmpp-server._tcp.contoso.com. No CA "
        "signs them in a DNS name, and no partner looks for them: partners look for the domain.",
        "Give the domain that follows the underscored labels.",
    ),
    "bad-a-label": Explanation(
        "A label looks like an internationalised one and is not",
        "A label with hyphens in third and fourth place must be xn-- and the Punycode of a label that IDNA 2008 "
        "allows, written as IDNA writes it (RFC 5890 §2.3.2). CAs decode it and refuse what does not come back the "
        "same.",
        "Give the name in its own script, or copy the A-label again.",
    ),
    "bad-u-label": Explanation(
        "A name has characters that IDNA 2008 does not allow",
        "Symbols, pictographs and invisible joiners may show in a browser and still be no domain (RFC 5892).",
        "Use the name as it was registered.",
    ),
    "bad-wildcard": Explanation(
        "A wildcard stands where none can be",
        "RFC 9525 §6.3 knows one form: an asterisk that is the whole left-most label, once. f*.contoso.com, "
        "*.*.contoso.com and im.*.contoso.com match nothing anywhere.",
        "Write *.contoso.com, or better the names that are needed.",
    ),
    "wildcard-not-allowed": Explanation(
        "A wildcard where the name itself is needed",
        "The access edge and sip.<domain> are looked for by SIP, which never matches a wildcard (RFC 5922 §7.2). A "
        "home or partner domain is one domain.",
        "Write the name itself.",
    ),
    "uri-where-name": Explanation(
        "A URI where a name belongs",
        "sip:contoso.com and https://contoso.com/ hold a name and more. Public CAs refuse URIs in a request "
        "altogether.",
        "Write the domain alone.",
    ),
    "address-where-name": Explanation(
        "A user’s or a socket’s address where a name belongs",
        "A certificate is for a domain, neither for user@domain nor for one port of a host.",
        "Write the domain alone.",
    ),
    "ip-where-name": Explanation(
        "An IP address where a domain belongs",
        "SIP and XMPP domains, the access edge and web conferencing are asked for by name. What ends in an all-"
        "numeric label reads like an address and is no domain either (RFC 3696 §2).",
        "Give the name; an address that is really needed goes into additional_names.",
    ),
}

_INCOMPLETE: Final[Mapping[str, Explanation]] = {
    "no-names": Explanation(
        "The plan has no name",
        "Nothing in the topology, or nothing that is well formed, asks for a name.",
        "Give the access edge, a SIP domain, an XMPP domain or an additional name.",
    ),
    "internal-fqdn-missing": Explanation(
        "An internal edge without its name",
        "The certificate of the internal interface carries internal_fqdn and nothing else by itself; it is not given.",
        "Set topology.internal_fqdn to the name by which the inside reaches the edge.",
    ),
    "not-for-internal-edge": Explanation(
        "External names are given, the role is internal-edge",
        "The internal interface is asked for its own name only. SIP domains, XMPP domains, access edge and web "
        "conferencing belong to the certificate of role external-edge and are left out here.",
        "Nothing, if both roles share a topology. Otherwise set certificate.role or use additional_names.",
    ),
    "plan": Explanation(
        "The plan has findings of severity error",
        "Nothing was asked of the CA: it would refuse, or sign what nobody can use.",
        "Run `edgecert plan` and mend each finding marked as error.",
    ),
}

_NOT_PUBLIC: Final[Mapping[str, Explanation]] = {
    "single-label": Explanation(
        "A name without a domain",
        "A name of one label means another host in each network, so a public CA cannot vouch for it. A private CA can.",
        "Write the name with its domain, or use a local CA.",
    ),
    "reserved-name": Explanation(
        "A name below a reserved domain",
        "RFC 2606, 6761, 6762, 7686, 8375 and 9476 keep some domains for examples, tests and local use. Nobody can "
        "own them, so a public CA refuses them; a local CA signs them.",
        "Use a domain that you have registered, or issuer kind local.",
    ),
    "internal-name": Explanation(
        "A name that exists inside only",
        "Its top-level domain is not delegated, by the public suffix list that came with this program (the hint "
        "gives its date). Public CAs have been forbidden to sign such names since 2015.",
        "Use a domain that you have registered, or a local CA. Is the top-level domain newer than the list, update "
        "the package publicsuffixlist.",
    ),
    "private-ip": Explanation(
        "A private or reserved IP address",
        "The address is in a special-purpose registry of IANA (RFC 6890): it means another host in each network.",
        "Use a DNS name, a public address, or a local CA.",
    ),
    "public-suffix": Explanation(
        "A name that is a registry’s",
        "Below a public suffix such as co.uk strangers register their domains; a certificate for it, or for "
        "*.co.uk, would speak for all of them. CAs refuse it.",
        "Name the domain that you have registered.",
    ),
}

_DOUBTFUL: Final[Mapping[str, Explanation]] = {
    "wildcard-name": Explanation(
        "A wildcard among the names",
        "XMPP servers match it with one label, SIP never does (RFC 5922 §7.2), and the domain itself is not "
        "included. ACME CAs ask dns-01 for it. Whoever steals the key can be any host of the domain.",
        "List the names that are needed. SRVName and xmppAddr are not made for a wildcard.",
    ),
    "duplicate-name": Explanation(
        "A name is given more than once",
        "The same name stands twice in a list, or among the additional names although the topology gives it anyhow."
        " The certificate has it once, with all its reasons. sip.<domain> as access edge is no repetition.",
        "Take it out of additional_names or the list.",
    ),
    "covered-name": Explanation(
        "A name and a wildcard that covers it",
        "Both are in the plan. Names that SIP looks for are never counted as covered.",
        "Keep one of the two.",
    ),
    "av-name": Explanation(
        "The A/V edge’s name",
        "Media relays are reached by address and authenticate by token; no client compares this name.",
        "Leave it out, unless something else answers TLS under it.",
    ),
    "cn-too-long": Explanation(
        "The first name does not fit into a common name",
        "A common name has 64 characters (RFC 5280 appendix A). The subject stays empty and the names are marked "
        "critical, which is what the standards want.",
        "Nothing, unless a very old client reads the common name: then make a shorter name the first.",
    ),
    "sip-prefix-doubled": Explanation(
        "A SIP domain given with sip. in front",
        "sip. is put in front of each SIP domain, so this entry becomes sip.sip.<domain>.",
        "Give the domain of the SIP addresses, the part behind the @.",
    ),
    "sip-domain-not-ticked": Explanation(
        "An XMPP domain has no SIP name",
        "The edge serves SIP, and this XMPP domain is not among its SIP domains: SIP clients and partners of the "
        "domain look for sip.<domain> and will not find it in the certificate. Hosts of XMPP services are not "
        "meant.",
        "Add the domain to sip_domains, or leave it if its users have XMPP addresses only.",
    ),
    "xmpp-domain-left-out": Explanation(
        "A domain that XMPP partners will ask for is missing",
        "Partners compare the domain of the addresses, never the host behind the SRV record, and a parent domain "
        "does not include its children (RFC 6120 §13.7). Either a SIP domain of this edge is not an XMPP domain "
        "although others are, or a name xmpp.<domain> suggests that the host was given instead of the domain.",
        "Add the domain to xmpp_domains, or leave it if its users do not federate over XMPP.",
    ),
    "component-host-not-covered": Explanation(
        "A service’s host that one domain has and another lacks",
        "Rooms, uploads and the like answer on domains of their own (conference.<domain>, upload.<domain>), each of"
        " which needs its name. Which ones a server has cannot be known from here; this finding comes when one XMPP"
        " domain of the plan has such a name and another has not.",
        "Add the host to additional_names or xmpp_domains, or leave it if the domain has no such service.",
    ),
}

_LEFT_OUT: Final[Mapping[str, Explanation]] = {
    "not-sent-to-this-ca": Explanation(
        "Names that this CA does not sign are left out",
        "Public CAs sign DNS names and IP addresses only; SRVName and xmppAddr would make them refuse the request.",
        "Set certificate.xmpp_identifiers = false, or use issuer kind csr or local. DNS names suffice for XMPP.",
    ),
    "option-not-sent": Explanation(
        "An option that this CA does not honour is left out",
        "clientAuth is no longer signed by public CAs; a template is a matter of AD CS, to which a CSR goes.",
        "Set the option back to agree, or change the issuer.",
    ),
    "subject-not-sent": Explanation(
        "The subject attributes are left out",
        "An ACME CA checks control of domains and nothing else, so organization and place are not put into the "
        "subject.",
        "Nothing; they are kept for the day when the issuer changes.",
    ),
}

_SPLIT: Final[Mapping[str, Explanation]] = {
    "split": Explanation(
        "The names take more than one certificate",
        "CAs limit the names of a certificate (100, in some profiles 25). The certificates are called <name>, "
        "<name>-2 and so on. Where a name is, it stays: new names fill gaps first. The assignment is saved with the"
        " settings.",
        "Nothing. --repack asks for as few certificates as possible, and moves names.",
    ),
    "split-needs-sni": Explanation(
        "More than one certificate on one listener needs SNI",
        "The client says in its first message which domain it wants, and gets the certificate that has it. A client"
        " that does not say gets the first one, in which the access edge is.",
        "Deploy all certificates of the plan to each listener.",
    ),
    "domain-apart": Explanation(
        "The names of a domain are in different certificates",
        "The domain grew when its certificate was full, or has more names than a certificate takes. With SNI this "
        "works.",
        "Nothing, or --repack.",
    ),
    "name-moved": Explanation(
        "Names change their certificate",
        "They were asked to (--repack), the limit became smaller, the access edge changed, or the first certificate"
        " had become empty.",
        "Deploy the certificate that gains the name before the one that loses it.",
    ),
    "names-unreadable": Explanation(
        "The names of a certificate cannot be read",
        "Its subjectAltName is not encoded as RFC 5280 §4.2.1.6 wants it, so that no peer can compare the names.",
        "Ask the CA for another certificate.",
    ),
}

_OF_THE_CA: Final[Mapping[str, Explanation]] = {
    "key-not-taken": Explanation(
        "The CA signs no key of this kind",
        "Public CAs take RSA keys of 2048, 3072 and 4096 bits and elliptic ones on P-256 and P-384.",
        "Set `key_algorithm` and `bit_length` to one of them.",
    ),
    "too-many-labels": Explanation(
        "A name has more labels than the CA takes",
        "The CA's server counts the parts between the dots and refuses more than it knows in real names.",
        "Use a name with fewer dots, or another issuer.",
    ),
    "ip-not-in-profile": Explanation(
        "The profile has no IP addresses",
        "The CA signs addresses only in some of its profiles, whose certificates live for days.",
        "Leave the addresses out, or make a certificate of their own with the profile that the hint names.",
    ),
    "profile-ended": Explanation(
        "The CA has given this profile up",
        "It was offered once. Orders that ask for it are refused.",
        "Choose another `profile` in [issuer], or leave it out.",
    ),
    "email-refused": Explanation(
        "The CA refuses the address for its notices",
        "The domain of the address cannot receive mail from outside, so the CA does not open an account with it.",
        "Give another `email` in [issuer], or none.",
    ),
}

ENTRIES: Final[Mapping[str, Explanation]] = MappingProxyType(
    {**_MALFORMED, **_INCOMPLETE, **_NOT_PUBLIC, **_DOUBTFUL, **_LEFT_OUT, **_SPLIT, **_OF_THE_CA}
)
