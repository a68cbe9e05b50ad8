"""The codes of the DNS: looking up, verifying, discovering and publishing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRIES: Final[Mapping[str, Explanation]] = {
    "address-elsewhere": Explanation(
        "A host has another address than the edge",
        "The name leads to a machine that was not named with `--address`. What it serves there is not this "
        "certificate.",
        "Correct the address, or publish the right one: `edgecert dns publish NAME --address ADDRESS --replace`.",
    ),
    "address-missing": Explanation(
        "A host of the plan has no address",
        "Neither an A nor an AAAA record is there, so nobody can connect to it, and no CA can reach it for http-01.",
        "Add one: `edgecert dns publish NAME --address ADDRESS`.",
    ),
    "caa-forbids": Explanation(
        "CAA forbids the CA to issue",
        "The closest CAA records above the name (RFC 8659 §3) list other CAs, another account (accounturi) or"
        " other ways of proof (validationmethods, RFC 8657). The CA will refuse the order.",
        "Add a CAA record for this CA, or choose one that is listed.",
    ),
    "caa-present": Explanation(
        "CAA records limit who may issue",
        "Only the CAs that the domain lists at this place may issue for it.",
        "Choose one of them as issuer, or add yours to the records.",
    ),
    "caa-unanswered": Explanation(
        "The question for CAA got no answer",
        "A CA that gets no answer from the domain’s nameservers must not issue (RFC 8659 §3). Time-outs, "
        "SERVFAIL and broken DNSSEC signatures count as none.",
        "Ask the nameservers yourself: `dig CAA DOMAIN`. Old servers and firewalls that drop unknown types "
        "are the usual cause.",
    ),
    "dns-changed-meanwhile": Explanation(
        "The zone was changed by somebody else",
        "Between the difference that was shown and the update the records changed. The update had the shown "
        "records as its prerequisite (RFC 2136 §2.4), so nothing was written.",
        "Run the same command again and look at the new difference.",
    ),
    "nameserver-failed": Explanation(
        "A nameserver does not answer",
        "It was not reached, did not answer in time, or its answer made no sense.",
        "Check the address and that TCP port 53 is open from this host.",
    ),
    "dns-foreign": Explanation(
        "Records of somebody else stand in the way",
        "SRV and address records beside ours would share their traffic, so nothing is added to them or "
        "written over them.",
        "If they are not needed any more: `edgecert dns publish NAME --replace`.",
    ),
    "dns-no-zone": Explanation(
        "The server is not the primary of such a zone",
        "Updates go to the primary server of the zone that the name is in.",
        "`dig SOA DOMAIN` names the primary; give its address with `--server`.",
    ),
    "dns-not-seen": Explanation(
        "Not every nameserver shows the change",
        "The primary took it, but a server of the zone still answers with the old records, or not at all. "
        "Partners may see either.",
        "See whether the secondary gets its transfers (NOTIFY, AXFR/IXFR with TSIG), then `edgecert dns verify NAME`.",
    ),
    "dns-nothing": Explanation(
        "Nothing in the DNS tells what a domain is for",
        "It has no SRV record of SIP or XMPP federation and no host `sip.`, so it was left out of the proposal.",
        "Add it to `sip_domains` or `xmpp_domains` by hand if it is to federate.",
    ),
    "dns-unanswered": Explanation(
        "A question got no answer",
        "The nameservers failed or were too slow. That is not the same as having no record.",
        "Ask again, or another server with `--nameserver ADDRESS`.",
    ),
    "dns-update-refused": Explanation(
        "The nameserver refused the update",
        "The zone’s policy does not let this key change these names, or the signature does not fit: another "
        "name, algorithm or secret, or clocks more than five minutes apart (RFC 8945 §5.2.3).",
        "Compare the key with the server’s, and let it update the zone (BIND `update-policy`, Knot `acl` with"
        " `action: update`).",
    ),
    "dnssec-broken": Explanation(
        "The DNSSEC signatures are broken",
        "The records are there, but validating resolvers refuse them: signatures expired, or the DS record "
        "names another key. CAs and many partners validate.",
        "Sign the zone anew, or correct the DS record at the registrar. https://dnsviz.net shows where the "
        "chain breaks.",
    ),
    "lands-elsewhere": Explanation(
        "A name does not lead to this edge",
        "For http-01 the CA connects to the address of the name itself, not to the target of an SRV record. The "
        "address of a bare XMPP domain is nearly always that of a web server on another host.",
        "Prove the name by dns-01, lead `_acme-challenge.NAME` by CNAME to a zone that this host may write, or let "
        "that web server redirect `/.well-known/acme-challenge/` to this edge. If it does already, nothing has to be "
        "done.",
    ),
    "name-without-address": Explanation(
        "The CA cannot connect to a name",
        "The name is to be proven by http-01 or tls-alpn-01, and the DNS has neither an A nor an AAAA record for it.",
        "Prove it by dns-01, or give the name an address. If only the CA sees the address: `--no-dns`.",
    ),
    "nameserver": Explanation(
        "That is no address of a nameserver",
        "A nameserver is given by its address, since its name would have to be looked up first.",
        "Write 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53.",
    ),
    "no-nameserver": Explanation(
        "This host knows no nameserver",
        "There is no usable /etc/resolv.conf.",
        "Name one: `--nameserver ADDRESS`.",
    ),
    "other-host": Explanation(
        "Records lead to another host",
        "A domain’s records lead to a host that is not the proposed access edge.",
        "If that is another machine, plan a certificate of its own for it.",
    ),
    "srv-also-elsewhere": Explanation(
        "An SRV record leads to an unknown host beside ours",
        "Partners choose among the records by priority and weight; those that choose the other host get what "
        "is served there.",
        "See that the other host serves the same names, or take its record away.",
    ),
    "srv-elsewhere": Explanation(
        "An SRV record leads to another host",
        "Partners are sent to a machine that this certificate is not deployed to.",
        "`edgecert dns publish NAME --replace`, or change the topology.",
    ),
    "srv-missing": Explanation(
        "An SRV record is missing",
        "Partners find the edge of a domain by its SRV record (RFC 6120 §3.2, RFC 3263). Without it they try "
        "the domain’s own address, which is nearly always a web server.",
        "`edgecert dns publish NAME`, or add the line that `edgecert dns show NAME` prints.",
    ),
    "srv-target-outside-domain": Explanation(
        "An SRV record leads out of its domain",
        "Lync and Skype for Business edges accept an SRV target only in the domain of the record. XMPP "
        "servers do not mind.",
        "Give the edge a name in the domain, such as sip.DOMAIN, and lead the record there.",
    ),
    "srv-target-without-address": Explanation(
        "The target of an SRV record has no address",
        "The record leads to a host with neither A nor AAAA record.",
        "Add an address record for the target.",
    ),
    "tlsa-mismatch": Explanation(
        "TLSA pins another key",
        "Partners that do DANE (RFC 7673) refuse a key that the TLSA records of the SRV target do not list, "
        "provided the zone is signed.",
        "Publish the key in service: `edgecert dns publish NAME --tlsa`; take the old record away afterwards.",
    ),
    "tlsa-missing": Explanation(
        "A TLSA record is missing",
        "With --tlsa the keys in service and to come should be pinned at each SRV target, and one is not.",
        "`edgecert dns publish NAME --tlsa`.",
    ),
    "tlsa-present": Explanation(
        "TLSA pins keys at this host",
        "Before a new key is served, its TLSA record has to be in the DNS for longer than the TTL, or DANE "
        "partners refuse it.",
        "Keep the key (`reuse_key = true`), or publish the next key first: `edgecert dns publish NAME --tlsa`.",
    ),
    "tsig-key": Explanation(
        "A TSIG key cannot be used",
        "The file does not hold a key in a form that is known, or lacks its name.",
        "Use the file that `tsig-keygen` or `keymgr -t` wrote, with mode 0600.",
    ),
}
