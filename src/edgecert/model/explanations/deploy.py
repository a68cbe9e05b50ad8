"""What can go wrong between a bundle in the store and what a listener serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTROL: Final[Mapping[str, Explanation]] = {
    "not-running": Explanation(
        "nobody listens at the gateway's socket",
        "The gateway is not running, or listens somewhere else. For `deploy` this is a warning: what is wanted is "
        "recorded, and the next `renew` or `apply` finishes the deployment without a new certificate.",
        "start edgecert-gateway, or correct `control` of the target; then `edgecert renew` deploys.",
    ),
    "control": Explanation(
        "the gateway refused a call",
        "The gateway answered, and said no without a code of its own. It serves what it served before.",
        "the message says why; the gateway's log has more.",
    ),
    "control-answer": Explanation(
        "what listens at the socket did not answer as a gateway does",
        "The connection was closed without an answer, or the answer is not one of the control API. A gateway that has "
        "64 calls in hand turns further ones away in this way, too.",
        "look at the gateway's log and at which program listens at the socket (`ss -xlp`); then try again.",
    ),
    "control-timeout": Explanation(
        "the gateway did not answer in time",
        "The call may or may not have taken effect: the gateway finishes what it began.",
        "`edgecert-gateway status` shows which generation is in service; deploying again does no harm.",
    ),
    "api-version": Explanation(
        "the two programs speak no common version of the control API",
        "edgecert and edgecert-gateway are of releases too far apart. Nothing was changed; what is served stays.",
        "install the same release of both, and restart the gateway if it is the older one.",
    ),
    "bad-call": Explanation(
        "a call to the control API is not what that call takes",
        "The message names the key. edgecert does not send such calls; a program of your own does.",
        "compare the call with the control API reference.",
    ),
    "too-large": Explanation(
        "a call is larger than the gateway takes",
        "One call may have 1 MiB. A bundle comes near that only with a chain that holds what does not belong there.",
        "look at the chain with `edgecert show`; import it again without the surplus.",
    ),
    "no-such-call": Explanation(
        "this socket does not take that call",
        "Either the status socket was asked to change something, which only the control socket does, or the gateway is "
        "older than the program that calls.",
        "use the control socket for changes; else bring both programs to the same release.",
    ),
    "wrong-peer": Explanation(
        "the process behind the socket is not who it must be",
        "Before a private key is sent, the kernel is asked which user listens. It must be root, who calls, the "
        "owner of the socket's directory where nobody else may write, or exactly the target's `user`. It is none of "
        "these, so nothing was sent.",
        "set `user` of the target to the gateway's user, or find out who put a socket there.",
    ),
    "wrong-caller": Explanation(
        "this user may not use the control socket",
        "The control socket takes calls of root and of the gateway's own user, by the kernel's word, whatever the mode "
        "of the file.",
        "run the command as root or with `sudo -u edgecert-gateway`; for looking, the status socket is enough.",
    ),
    "no-such-user": Explanation(
        "the user that a target names does not exist on this host",
        "A deploy target says which user its gateway runs as, and there is no such user. Nothing was sent.",
        "correct `user` of the target.",
    ),
    "socket": Explanation(
        "the gateway cannot make one of its sockets",
        "The directory is missing or may not be written, or something that is no socket has the socket's name.",
        "under systemd the unit's RuntimeDirectory= makes the directory; by hand make it for the gateway's user.",
    ),
    "socket-in-use": Explanation(
        "another gateway listens at the socket",
        "A socket file is taken over only from a program that is dead. This one lives, so the new one did not start.",
        "stop the other gateway first, or give this one its own sockets, addresses and state directory.",
    ),
}

_TARGETS: Final[Mapping[str, Explanation]] = {
    "deploy": Explanation(
        "a target did not take the certificate",
        "Each target is a transaction of its own: this one serves what it served before, the others are not touched. "
        "The deployment stays open and is tried again an hour later at the earliest.",
        "mend what the message says and run `edgecert renew`, or `edgecert deploy` for now.",
    ),
    "plaintext-key": Explanation(
        "a key that is not exportable was not written in the clear",
        "The certificate was made with `exportable = false`: its key is wrapped wherever it is kept. A files target "
        "would have it lie in the clear for another service to read, so it is refused.",
        "deploy to a gateway, which keeps it wrapped; or set `plaintext_key = true` in this target, knowing that the "
        "key can then be copied by whoever reads that file; or make the next certificate exportable.",
    ),
    "files-target": Explanation(
        "a files target cannot be obeyed as it is written",
        "Its directory is not there or cannot be written, a file name has a path in it, or its owner does not exist. "
        "No file was changed.",
        "correct the target as the message says; directories are never made, as their modes are the service's affair.",
    ),
    "reload-failed": Explanation(
        "the service did not take the new files",
        "The reload command could not be run, ended with an error, or did not end in time (it is killed then with all "
        "it started). The previous files were put back and the command was run once more.",
        "run the command by hand as the user edgecert runs as; raise `reload_timeout` if it only needs longer.",
    ),
    "restore-failed": Explanation(
        "the previous files could not be put back",
        "First a reload or a write failed, then putting back what was there failed as well. The service may read new "
        "files at its next restart.",
        "mend what the message says (a full disk, a read-only mount), then `edgecert deploy` again.",
    ),
}

_PROBES: Final[Mapping[str, Explanation]] = {
    "unreachable": Explanation(
        "nobody could be asked what is served",
        "No connection to the listener came about. What it serves is not known, so nothing is rolled back.",
        "see whether the service listens at that address and whether a firewall is between.",
    ),
    "probe-timeout": Explanation(
        "a listener did not finish a handshake in time",
        "It took the connection and then said too little for ten seconds.",
        "look at the service's log; a server that looks up the caller in a slow DNS does this.",
    ),
    "no-xmpp": Explanation(
        "the listener does not speak XMPP",
        "The address is asked as an XMPP server-to-server port and answered something else, or nothing.",
        "correct the address or its protocol: xmpp-s2s is STARTTLS, xmpps-s2s direct TLS, tls anything with TLS.",
    ),
    "no-starttls": Explanation(
        "the listener offers no STARTTLS",
        "It opened a stream and offered no TLS, or refused it for this domain. A gateway without a certificate does "
        "this, and a server that does not know the domain answers with host-unknown.",
        "deploy a certificate; or ask for a name that the server has, as in xmpp-s2s://host:port/name.",
    ),
    "no-tls": Explanation(
        "the listener does not finish a TLS handshake",
        "It speaks no TLS at that port, or only versions below 1.2, or broke off.",
        "`openssl s_client -connect HOST:PORT -servername NAME` shows the handshake; correct address or protocol.",
    ),
}

_HOST: Final[Mapping[str, Explanation]] = {
    "hidden-program": Explanation(
        "the services could not see the programs",
        "The units hide home directories (ProtectHome=yes), and the programs are installed in one.",
        "install into a virtual environment below /opt, and give --bin-dir.",
    ),
    "partner-warning": Explanation(
        "a partner was taken, with a remark",
        "The combination of TLS, SASL and dialback works, but perhaps not as it seems.",
        "the message says what follows from it; `edgecert-gateway partner show DOMAIN` shows the keys.",
    ),
}

ENTRIES: Final[Mapping[str, Explanation]] = {**_CONTROL, **_TARGETS, **_PROBES, **_HOST}
