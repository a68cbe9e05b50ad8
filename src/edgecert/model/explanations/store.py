"""The codes of the state directory, of bundles on disk, of locks and of the key-encryption key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRIES: Final[Mapping[str, Explanation]] = {
    # --- finding things ---
    "no-such-certificate": Explanation(
        "there is no certificate of that name",
        "A lineage is known by the name in its settings. Nothing was done.",
        "`edgecert list` shows the names; the hint lists them too. Look whether --state-dir is the one you meant.",
    ),
    "no-such-generation": Explanation(
        "a certificate has no generation of that number",
        "Each issuance is a numbered generation. Old ones are taken away by `prune`, and numbers are never used again.",
        "`edgecert show NAME` lists the generations there are.",
    ),
    "bad-certificate-name": Explanation(
        "a text cannot be the name of a certificate",
        "The name becomes the name of a directory. Lower-case letters, digits, dot, hyphen and underscore are allowed, "
        "64 at most, the first a letter or digit.",
        "choose another name; the friendly name may be any text.",
    ),
    "name-taken": Explanation(
        "another certificate has that name",
        "A name belongs to one lineage, with its history and its requests.",
        "choose another name, or remove the other lineage first.",
    ),
    "generation-exists": Explanation(
        "a generation of that number is there already",
        "A generation is written once and never changed, so that a reader never sees two issuances mixed. Two runs "
        "that both made the next generation would lead here; the lock prevents that.",
        "run the command again: it takes the next free number.",
    ),
    "request-exists": Explanation(
        "a request of that id is there already",
        "A request is never replaced, because its key may belong to a CSR that a CA holds.",
        "run the command again: it makes a new id.",
    ),
    # --- the state directory ---
    "store": Explanation(
        "the state directory cannot be used as it is",
        "The message says what is wrong with it. Nothing in it was changed.",
        "follow the hint; `edgecert check` looks at the whole directory.",
    ),
    "not-a-store": Explanation(
        "a directory is no state directory of edgecert",
        "A state directory has a file `format`. This one has none, but holds other things, so nothing is written into "
        "it.",
        "give the right directory, or an empty one, with --state-dir.",
    ),
    "store-too-new": Explanation(
        "a newer edgecert has written the state directory",
        "Its format has a number this program does not know. Working on it could destroy what the newer one keeps "
        "there.",
        "use the newer edgecert. To go back to the older one, restore the copy below `backup/` that was made when the "
        "newer one migrated; certificates issued since then are not in it.",
    ),
    "store-too-old": Explanation(
        "the state directory has a format this edgecert cannot bring up to date",
        "Each release migrates from the formats before its own, after a copy below `backup/`. This one is too old for "
        "that.",
        "open it once with a release between the two.",
    ),
    "store-write-failed": Explanation(
        "something could not be written to the state directory",
        "The disk is full, read-only or faulty. Files appear whole or not at all: what was there before is as it was, "
        "and what is in service stays in service.",
        "make room or mend the disk and run the command again.",
    ),
    "record-damaged": Explanation(
        "a file of the state directory does not hold what it must",
        "Files are replaced as a whole, so this comes from an edit by hand, a faulty disk, or a backup restored in "
        "parts. Keys and certificates lie in directories of their own and are not touched by it.",
        "restore the file that the message names from your backup. deployments.json and staged.json may be deleted: "
        "the next `edgecert apply` finds out what is served. A deleted `held` list forgets what was rolled back.",
    ),
    "bundle-damaged": Explanation(
        "the directory of a generation or request is not complete",
        "A file in it is missing or malformed, or its files belong to two issuances. Such directories appear whole and "
        "are never changed by edgecert.",
        "restore the directory from your backup, or issue anew; an older generation can be deployed meanwhile.",
    ),
    "bundle-malformed": Explanation(
        "a bundle has not the form it must have",
        "Key, certificates and meta travel together, to the gateway's control socket too. A key of the document is "
        "missing or of another type.",
        "if edgecert sent it, compare the versions of edgecert and the gateway; if a program of your own did, the page "
        "on the bundle format has the form.",
    ),
    "wrong-user": Explanation(
        "the state directory belongs to another user",
        "Files made by a second user could not be read by the first, and renewal would fail at night. So only the "
        "owner opens it, and root is no exception.",
        "run the line that the hint gives: sudo -u OWNER edgecert …",
    ),
    "unsafe-directory": Explanation(
        "another user can write where root would write",
        "Who can write in a directory can put a link in the way of what root writes below it, and so have root "
        "overwrite any file or hand out a key. The same holds for a state directory that others can write.",
        "use a directory whose parents all belong to root and that only root can write, or run as the user it belongs "
        "to.",
    ),
    "symlink-loop": Explanation(
        "a path leads in a circle",
        "Its symbolic links point to each other.",
        "mend the links, or give another path.",
    ),
    "locked": Explanation(
        "another run works on the same certificate",
        "One run at a time changes a lineage; the message has the process id of who does. The lock is gone with that "
        "process, however it ends, so there is no stale lock to delete.",
        "wait, or give --lock-timeout a longer time.",
    ),
    # --- keys that are not exportable ---
    "key-not-wrapped": Explanation(
        "a key that is not exportable would be written in the clear",
        "With `exportable = false` a key touches the disk only encrypted, and no key-encryption key was given.",
        "give one with --kek-file or as a systemd credential.",
    ),
    "key-unwrap-failed": Explanation(
        "an encrypted private key does not open",
        "It opens only with the key-encryption key it was made under, in the store it was made in (the id in the file "
        "`format` counts), and beside its own certificate.",
        "restore the key-encryption key or the file `format` of that time from your backup. If it is lost, the private "
        "key is lost: issue anew with `edgecert renew NAME --force`.",
    ),
    "kek-missing": Explanation(
        "there is no key-encryption key",
        "Private keys that are not exportable are encrypted under it. It lies outside of the state directory on "
        "purpose, so a backup of the state directory alone does not hold it.",
        "restore it to the place that the message names, or hand it over as the systemd credential `edgecert-kek`. If "
        "it is lost for good, move the directories with wrapped keys away and issue anew.",
    ),
    "kek-malformed": Explanation(
        "a file holds no key-encryption key",
        "It has to be 32 octets, raw or in base64 or hex.",
        "restore it from your backup. For a new one: openssl rand -base64 32.",
    ),
    "kek-inside-store": Explanation(
        "the key-encryption key would lie in the state directory",
        "Then each copy of the directory would hold the lock and its key.",
        "choose another place with --kek-file; /etc/edgecert/kek is the default.",
    ),
    "kek-readable": Explanation(
        "the key-encryption key is not private",
        "Others can read its file, or it belongs to a third user, who can read and exchange it.",
        "chown it to the user that runs edgecert and chmod 0400 it. If others may have read it, make a new one and "
        "issue the keys under it anew.",
    ),
    "kek-unreadable": Explanation(
        "the key-encryption key may not be read by this user",
        "The operating system refused to open it.",
        "run as the user it belongs to, or hand it over as a systemd credential.",
    ),
    "kek-unwritable": Explanation(
        "the key-encryption key cannot be made",
        "It is made on first use, and its directory cannot be written by this user.",
        "make the directory as root and give it to the user that runs edgecert, or choose a place with --kek-file, or "
        "hand one over as a systemd credential.",
    ),
}
