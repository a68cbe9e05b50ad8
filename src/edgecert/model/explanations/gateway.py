"""Why the gateway does not bring a stream up, or does not take a certificate into service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_STREAMS: Final[Mapping[str, Explanation]] = {
    "dns-not-found": Explanation(
        "the DNS knows no XMPP service of the partner",
        "There is no SRV record _xmpp-server._tcp or _xmpps-server._tcp that can be used, and no address either. "
        "Stanzas come back to their senders as remote-server-not-found.",
        "check the domain's spelling and ask the partner for its records, or set proxy for this partner.",
    ),
    "dns-failed": Explanation(
        "the DNS gave no answer",
        "The resolver timed out or answered with a failure, which says nothing of whether the partner has a service.",
        "check [resolver] nameservers and that they can be reached from this host.",
    ),
    "private-target": Explanation(
        "the partner's records lead to a private address",
        "An address on loopback or of a private network could make the gateway dial into your own network, so that it "
        "is not dialled.",
        "set resolver.allow_private_targets = true if the partner really is there, or set proxy for this partner.",
    ),
    "connect-failed": Explanation(
        "no server of the partner took the connection",
        "Every address was refused or did not answer. A firewall on either side is the usual reason.",
        "check that port 5269 (and 5270 for direct TLS) is open outwards, and ask the partner.",
    ),
    "tls-failed": Explanation(
        "the TLS handshake broke",
        "The two sides agree on no version or cipher, or the peer ended the handshake, perhaps because it does not "
        "like our certificate. The reason is OpenSSL's.",
        "look at the peer's log; TLS 1.2 is the least that is spoken here.",
    ),
    "tls-not-offered": Explanation(
        "the partner does not offer TLS",
        "This partner may prove itself only inside TLS, and its server did not offer STARTTLS. Somebody on the way may "
        "have taken the offer out, so that the gateway never goes on in the clear.",
        "ask the partner to enable TLS.",
    ),
    "tls-refused": Explanation(
        "the partner offered TLS and then refused it",
        "Its server answered <starttls/> with <failure/>, usually because it has no usable certificate.",
        "ask the partner to look at its certificate.",
    ),
    "peer-certificate": Explanation(
        "the partner's certificate does not prove its domain",
        "The chain leads to no trusted root, the certificate is expired, not for servers, or names another "
        "domain. Nothing was said inside TLS.",
        "the message says which of these; for a private CA set trust.ca_file, for the rest ask the partner.",
    ),
    "external-not-offered": Explanation(
        "the partner does not accept our certificate as a proof",
        "TLS is up and the partner is proved, but its server does not offer SASL EXTERNAL: it did not ask for our "
        "certificate, does not trust its issuer, wants extended key usage clientAuth, or has EXTERNAL switched off.",
        "ask the partner which; `edgecert check` shows what our certificate has.",
    ),
    "external-refused": Explanation(
        "the partner offered SASL EXTERNAL and refused it",
        "The partner's server looked at our certificate and did not find our domain proved by it. The text is the "
        "partner's.",
        "check that the certificate in service names the home domain, and ask the partner for its log.",
    ),
    "peer-requires-tls": Explanation(
        "the partner requires TLS and its settings here do not allow it",
        "tls is not-supported for this partner, and its server takes no stream without TLS.",
        "set tls to optional or required for the partner.",
    ),
    "tls-vanished": Explanation(
        "a partner that used TLS offers none any more",
        "A stream to it used TLS within the last 30 days, which the gateway remembers over a restart, and the "
        "newest one came up in the clear, which this partner's settings allow. Its server may have changed, "
        "or somebody on the way takes the offer out. (A warning.)",
        "ask the partner; set tls to required so that nothing is sent in the clear.",
    ),
    "dialback-not-offered": Explanation(
        "the partner knows no dialback, and nothing else is left",
        "Without SASL EXTERNAL the stream can only be proved by server dialback, which the partner's server does not "
        "offer: neither among its stream features nor in its stream header.",
        "if SASL EXTERNAL should have been possible, look at the certificates of both sides (`edgecert check`); else "
        "ask the partner to switch dialback on.",
    ),
    "dialback-refused": Explanation(
        "the partner says that our dialback key is not ours",
        "Its server asked the servers that the DNS names for our domain about the key that we had made, and got the "
        "answer that it is invalid. So somebody else answers for our domain, or another node with another secret.",
        "check that the SRV records of the home domain lead to this gateway, and that all nodes of the domain share "
        "one dialback_secret_file.",
    ),
    "dialback-failed": Explanation(
        "the partner could not have our dialback key verified",
        "The condition is the partner's. remote-server-not-found and remote-connection-failed mean that it did not "
        "reach a server of our domain; item-not-found that it does not serve its own; policy-violation or "
        "not-authorized that it wants TLS or a certificate.",
        "check that the SRV records of the home domain lead here and that port 5269 is reachable from outside.",
    ),
    "peer-stream-error": Explanation(
        "the partner ended the stream with an error",
        "The condition and the text are the partner's: host-unknown means that it does not serve the domain, "
        "not-authorized that it does not accept our proof, policy-violation that we are not allowed there.",
        "the text often says what to do; otherwise ask the partner.",
    ),
    "peer-protocol": Explanation(
        "the partner broke the protocol",
        "What came is not what RFC 6120 allows at this place: no XMPP at all, another domain's header, bytes in the "
        "clear after TLS was agreed. The stream was ended.",
        "check that the records lead to an XMPP server's server-to-server port.",
    ),
    "peer-closed": Explanation(
        "the partner closed the connection before the stream was up",
        "It said nothing about why. Limits on connections and address lists of the partner are usual reasons.",
        "try again later, then ask the partner.",
    ),
    "connection-lost": Explanation(
        "the connection to the partner broke",
        "The TCP connection was reset or timed out before the stream was up.",
        "the gateway tries again by itself; look at firewalls and at the path if it stays.",
    ),
    "timeout": Explanation(
        "the stream was not up in time",
        "limits.stream_establishment_timeout ran out while the partner was connecting, in TLS, or negotiating.",
        "check from this host that the partner's server answers; then ask the partner.",
    ),
    "ping-timeout": Explanation(
        "the partner took a ping and its answer did not come",
        "A stream to the partner is up. The answer comes over a stream that the partner opens to us, so that something "
        "is wrong in that direction: its DNS look-up of our domain, a firewall in front of port 5269, our certificate "
        "in its eyes, or its list of those whom it lets in.",
        "look at your own domain from outside with `edgecert check`, and ask the partner what its log says.",
    ),
    "no-such-lineage": Explanation(
        "the gateway has nothing of that certificate",
        "It swaps what was deployed to it before, by the name that edgecert gave it.",
        "look at `edgecert-gateway status` for the names, or deploy it: `edgecert deploy NAME`.",
    ),
    "no-such-home": Explanation(
        "the domain is no home of this gateway",
        "A home domain has a [[home]] table in gateway.toml.",
        "leave --home out for the first one, or name one that `edgecert-gateway status` lists.",
    ),
    "too-many-tests": Explanation(
        "too many partner tests are under way",
        "Each test dials out like a stream, so that only a few run at once.",
        "wait until one has ended; each takes a minute at most.",
    ),
    "no-such-test": Explanation(
        "the gateway does not know that partner test",
        "Only the last few tests are kept, and none outlives the gateway.",
        "start the test again.",
    ),
    "not-a-partner": Explanation(
        "the domain is no configured partner",
        "Streams are opened to, and taken from, partners only. A subdomain of a partner is none by itself.",
        "add the domain with `edgecert-gateway partner add`, or to the additional domains of its partner.",
    ),
    "stream-failed": Explanation(
        "a stream to a partner did not come up",
        "The reason follows in the message, with a code of its own.",
        "see the explanation of that code.",
    ),
    "remote-protocol": Explanation(
        "a peer broke the protocol",
        "The stream ended with the condition that the message names; other streams are not touched.",
        "if it happens again with the same partner, send its administrator the log line.",
    ),
    "local-protocol": Explanation(
        "the gateway used a stream in a way that its state does not allow",
        "This is a fault of the gateway itself. Nothing was sent.",
        "report it, with the log around it.",
    ),
    "jid-malformed": Explanation(
        "an address is no JID",
        "A JID is domain, user@domain or user@domain/resource, prepared by RFC 7622; a domain never is an IP address "
        "here.",
        "correct the spelling.",
    ),
}

_STATE: Final[Mapping[str, Explanation]] = {
    "gateway": Explanation(
        "the gateway could not do it",
        "The message says what happened.",
        "see the gateway's log for what came before.",
    ),
    "database": Explanation(
        "the gateway's database cannot be used",
        "gateway.db in the state directory is damaged, cannot be read or written, or the disk is full. What was "
        "committed before is not touched.",
        "check disk and owner; restore the file from a backup if it is damaged, then apply partners.toml again.",
    ),
    "database-too-new": Explanation(
        "a later version wrote the gateway's database",
        "This version does not know the tables and leaves them alone.",
        "start the later version again, or restore the backup made before the upgrade.",
    ),
}

_MATERIAL: Final[Mapping[str, Explanation]] = {
    "bad-name": Explanation(
        "a lineage's name cannot be a directory's",
        "Names have lower-case letters, digits, dot, hyphen and underscore, so that they mean the same everywhere.",
        "push the certificate under another name.",
    ),
    "meta-mismatch": Explanation(
        "what was pushed describes another certificate",
        "The fingerprint or the serial in the meta is not that of the leaf. Nothing was taken into service.",
        "deploy again; if it stays, run `edgecert check` on the store.",
    ),
    "older-generation": Explanation(
        "an older generation was pushed than the one in service",
        "Numbers only grow, so that a late or repeated push never brings an old certificate back by accident.",
        "use `edgecert rollback` to go back on purpose.",
    ),
    "generation-conflict": Explanation(
        "another certificate has this generation's number",
        "The gateway was last served by another store, which counted differently.",
        "give the new lineage another name, or roll back to it on purpose.",
    ),
    "uncovered-domains": Explanation(
        "after the swap no certificate would name a served domain",
        "All lineages together must cover every home domain. The gateway serves what it served before.",
        "put the names into the certificate, push the other lineages first, or allow it with --allow-drop.",
    ),
    "key-unsupported": Explanation(
        "the key is of a kind that TLS cannot use here",
        "RSA and the NIST curves are served.",
        "issue with key_algorithm rsa or ecdsa.",
    ),
    "no-certificate": Explanation(
        "there is no certificate to present",
        "The gateway has none in service, so that it offers no TLS and dials nobody.",
        "deploy one with edgecert; the first swap heals it, without a restart.",
    ),
    "not-configured": Explanation(
        "the gateway is not told to use this lineage",
        "gateway.certificates is a list, and the lineage that was pushed is not in it.",
        "add the name to the list and reload, or leave the list empty.",
    ),
    "store-damaged": Explanation(
        "a generation in the gateway's state directory cannot be read",
        "Files are missing or do not fit each other.",
        "deploy the generation again with edgecert, or restore the state directory from a backup.",
    ),
    "certificate-dir": Explanation(
        "certificates come from a directory, and none are pushed",
        "gateway.certificate_dir takes the place of pushing.",
        "let the program that fills the directory renew, or empty certificate_dir to push with edgecert.",
    ),
    "certificate-dir-empty": Explanation(
        "the certificate directory holds neither key nor certificate",
        "gateway.certificate_dir was searched for PEM files.",
        "check the path, and that the gateway's user may read the files.",
    ),
    "certificate-dir-inconsistent": Explanation(
        "keys and certificates in the directory do not fit each other",
        "A key has no leaf or a leaf no key, as during a renewal. It is tried again for ten seconds; then the "
        "gateway goes on with what it has.",
        "let the other program finish, then send SIGHUP or run `edgecert-gateway reload`.",
    ),
    "certificate-dir-unreadable": Explanation(
        "the certificate directory cannot be read",
        "The gateway runs as its own user, and keys are often readable by root alone.",
        "give the gateway's user read access to the directory and its files.",
    ),
    "trust-unreadable": Explanation(
        "the file of trusted roots cannot be used",
        "trust.ca_file is missing, unreadable or holds no certificate. The gateway never goes on with other roots.",
        "check the path; the file holds PEM certificates.",
    ),
    "untrusted": Explanation(
        "a chain leads to no trusted root",
        "The peer's certificate, or one between it and its root, is not vouched for by a root in trust.ca_file.",
        "for a private CA add its root to trust.ca_file; otherwise the peer has to send its whole chain.",
    ),
}

_SOCKETS: Final[Mapping[str, Explanation]] = {
    "http01-not-listening": Explanation(
        "this gateway does not answer http-01",
        "`listen.http01` is empty in its gateway.toml.",
        'set it, for example `http01 = "0.0.0.0:80"`, and restart the gateway once.',
    ),
    "http01-full": Explanation(
        "the gateway knows a thousand http-01 tokens already",
        "Many orders are under way, or runs that were killed left theirs behind.",
        "wait: each token is forgotten after an hour.",
    ),
    "address-forbidden": Explanation(
        "the gateway may not listen on this address",
        "Ports below 1024 need a right of their own.",
        "give the service CAP_NET_BIND_SERVICE, or use a port from 1024.",
    ),
    "address-in-use": Explanation(
        "another program listens on this address",
        "Two programs cannot share one port.",
        "find it with `ss -ltnp` and stop it, or set another address in [listen].",
    ),
    "address-unusable": Explanation(
        "the gateway cannot listen on this address",
        "The address is not one of this host, or is no address.",
        "correct [listen]; `ip address` shows what this host has.",
    ),
    "no-answer": Explanation(
        "the other side of a conversation did not answer within half a minute",
        "The one who answers, a stream on the way or a home system is down, or refuses.",
        "check with `edgecert-gateway status` on both sides, and that an echo runs behind the partner.",
    ),
    "not-connected": Explanation(
        "the gateway did not take the component",
        "It was not reached, does not have this domain as a home with connector component, or has another secret.",
        "check that the gateway runs, and compare domain, address and secret with its [[home]].",
    ),
}

ENTRIES: Final[Mapping[str, Explanation]] = {**_STREAMS, **_STATE, **_MATERIAL, **_SOCKETS}
