"""The codes of issuing, importing, deploying and renewing, as the verbs say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRIES: Final[Mapping[str, Explanation]] = {
    # --- revoking ---
    "metrics-not-written": Explanation(
        "The file for the metrics collector could not be written",
        "`--metrics-file` names a place where this user may not write.",
        "Name a file in the collector's directory that this user may write; the renewals themselves were done.",
    ),
    "key-blocked": Explanation(
        "a key that others may know was about to be used",
        "A certificate with this key was revoked for key compromise. Its public key is on the store's block list "
        "(`blocked-keys.json`), which issue, import and key reuse obey, also after the certificate was removed.",
        "`edgecert renew NAME --replace-key` makes a new key. For a foreign certificate, ask for one with another key.",
    ),
    "key-not-compared": Explanation(
        "whether a certificate has a compromised key could not be seen",
        "With `keyCompromise` all certificates of the store are compared with the one that is revoked. This one could "
        "not be read.",
        "see with `edgecert show` what is wrong with it; if it has the same key, revoke it too.",
    ),
    "key-not-reused": Explanation(
        "a new key was made although keys are kept",
        "`reuse_key` is set, but the key of the last generation was revoked for key compromise.",
        "nothing, unless a TLSA record names the old key: publish that of the new one "
        "(`edgecert dns show NAME --tlsa`).",
    ),
    "revoke-in-service": Explanation(
        "what is in service, or staged for it, is not revoked",
        "Partners that look at revocation would refuse the edge at once. With keyCompromise this counts for every "
        "generation with the same key.",
        "`edgecert renew NAME --replace-key` puts another certificate into service; then revoke the old generation.",
    ),
    "revoke-at-the-ca": Explanation(
        "the CA was not told: a person has to, or there is nobody to tell",
        "A CA that answers CSR files has its own way to revoke, and the local CA publishes no revocations. The "
        "generation is noted here as revoked and is never deployed again.",
        "have the CA revoke the serial that the message names; of the local CA's, see where copies of it are.",
    ),
    "revoked": Explanation(
        "a revoked generation is never deployed, not even by hand",
        "`revoke` took it out of use for good, or a generation with the same key was revoked for key compromise.",
        "`edgecert renew NAME --replace-key` gets another certificate with a new key.",
    ),
    "not-confirmed": Explanation(
        "what cannot be undone has to be confirmed by name",
        "Nothing was done.",
        "say `--confirm NAME` with the certificate's name, or `--dry-run` to see what it would do.",
    ),
    "already-imported": Explanation(
        "The certificate is in the store already",
        "A generation of this lineage holds exactly this certificate. Importing it again would only make a twin.",
        "Nothing is missing. `edgecert deploy NAME` puts it into service.",
    ),
    "date": Explanation(
        "A date cannot be used",
        "Dates are RFC 3339 with a zone (2026-12-01T03:00:00Z), or YYYY-MM-DD HH:MM in this machine's zone. A date for "
        "staging lies ahead, and before the certificate expires.",
        "Write the date in one of the two ways; the answer echoes it in both.",
    ),
    "flags-file-not-applied": Explanation(
        "The flags file says something else than the saved settings",
        "Renewal obeys the settings as they were saved by the last apply, so that an edit nobody meant to apply cannot "
        "change a certificate at night. The file was edited since then.",
        "`edgecert apply -c FILE` makes the edit count; `edgecert apply -c FILE --dry-run` shows first what it does.",
    ),
    "held": Explanation(
        "The generation is held",
        "It was rolled back, so nothing automatic puts it into service again.",
        "Renew to get a better one, or deploy it by hand: `edgecert deploy NAME --generation N`.",
    ),
    "in-service": Explanation(
        "The certificate is in service",
        "At least one target still serves it. Removed here, nobody would renew what is served there.",
        "Take it out of service there first, or say `--in-service`.",
    ),
    "kek-created": Explanation(
        "A key-encryption key was made",
        "Keys that are not exportable are kept wrapped under it. It lies outside the state directory, "
        "so that a copy of that directory is worth nothing without it.",
        "Back it up, apart from the state directory. Whoever has both has the keys.",
    ),
    "legacy-pkcs12": Explanation(
        "The PKCS#12 is protected by old algorithms",
        "3DES and SHA-1 are what Windows Server 2012 R2 and older can read. Such a file falls to a determined guesser.",
        "Carry it by a trusted way and delete it after the import.",
    ),
    "name": Explanation(
        "That is no name for a certificate",
        "A name is also a directory: lower-case letters, digits, dot, hyphen and underscore, 64 at most, "
        "beginning with a letter or digit.",
        "Choose another name. The friendly name may be anything.",
    ),
    "name-needed": Explanation(
        "A foreign certificate needs a name",
        "The key in this file belongs to no request of this store, so a new lineage is begun for it.",
        "Say `--name NAME`.",
    ),
    "names-differ": Explanation(
        "The CA issued other names than were asked for",
        "A certificate without a name that the plan needs breaks that domain as soon as it is deployed, "
        "so it is not taken silently.",
        "Ask the CA for the missing names, or take it as it is with `--accept-names`.",
    ),
    "no-earlier-generation": Explanation(
        "There is nothing to go back to",
        "No earlier generation is still valid and not held.",
        "`edgecert renew NAME --force` gets a new certificate; `edgecert import` takes one in.",
    ),
    "no-matching-request": Explanation(
        "The certificate answers no request of this store",
        "A certificate is matched to its request by its public key, whatever the file is called. "
        "This one was signed from another CSR, or its request was pruned.",
        "Compare the public keys with `edgecert list --requests`, and send the CA the CSR named there.",
    ),
    "no-settings": Explanation(
        "The certificate has no saved settings",
        "Without settings nothing says where it is deployed or how it is renewed.",
        "Apply a flags file with its name: `edgecert apply -c FILE`.",
    ),
    "no-such-request": Explanation(
        "There is no such open request",
        "The identifier names no request that is open.",
        "`edgecert list` shows what is open.",
    ),
    "no-such-target": Explanation(
        "The certificate has no such deploy target",
        "The target is not in its saved settings.",
        "`edgecert settings show NAME` lists the targets; a new one goes into the flags file.",
    ),
    "no-targets": Explanation(
        "The certificate is deployed nowhere",
        "Its saved settings have no [[deploy]] table.",
        "Add one to the flags file and apply it.",
    ),
    "not-exportable": Explanation(
        "The key may not be exported",
        "It was made with `exportable = false`: the key is kept wrapped, and no verb hands it out.",
        "Export the chain alone with `--chain-only`, or issue a new certificate with `exportable = true`.",
    ),
    "notify-failed": Explanation(
        "The notify command did not work",
        "The program of `renewal.notify_command` could not be run, took longer than 30 s or ended with a fault. The "
        "renewal itself is not touched by that.",
        "Run the program by hand with a JSON document on its standard input.",
    ),
    "nothing-to-deploy": Explanation(
        "No generation is fit to be deployed",
        "A deployment is open, but every generation is held, expired or from a test CA.",
        "`edgecert renew NAME --force` gets a new certificate.",
    ),
    "other-lineage": Explanation(
        "The certificate belongs to another lineage",
        "Its public key is that of a request of another name than was given.",
        "Leave `--name` out: the request is found by the public key.",
    ),
    "part-not-planned": Explanation(
        "A certificate of a split is no longer needed",
        "The names once took more certificates than they take now. The one that is left over is still renewed and "
        "deployed by its saved settings, for nobody can know whether a service still reads it.",
        "When no service reads its files any more: `edgecert remove NAME`.",
    ),
    "refused": Explanation(
        "The CA refused",
        "The request stays open with its key, so that the next run goes on with it.",
        "Mend what the CA names and run the same command again.",
    ),
    "staged-cancelled": Explanation(
        "A staged generation was overtaken",
        "A newer generation was put into service before the date of the staged one came.",
        "Stage again if it is still wanted.",
    ),
    "staging-ca": Explanation(
        "The certificate comes from a test CA",
        "Nobody trusts a test CA, so its certificates never reach a target by accident.",
        "Issue from the real CA; to try it all the same: `edgecert deploy NAME --allow-staging-ca`.",
    ),
    "target-taken": Explanation(
        "Another certificate is written to that place",
        "Two certificates that take turns in one file would replace each other at every renewal.",
        "Give the target another directory or file name, or take it over with `--take-over`.",
    ),
    "account-taken": Explanation(
        "Another ACME account lies where this one would go",
        "Each account has a directory of its own below `accounts/`, by the CA's directory and our name for it. The key "
        "in that directory is another one, and a key is never written over.",
        "Rename the directory that the message names if that account is not needed, and run the command again.",
    ),
    "certbot-hook": Explanation(
        "A command that certbot ran is not run here",
        "certbot's hooks and installers put a certificate into service. edgecert does that with deploy targets, which "
        "it also verifies and rolls back.",
        "Add a `[[deploy]]` target of kind files that writes where the service reads, with its `reload_command`.",
    ),
    "certbot-malformed": Explanation(
        "A file is not what certbot writes",
        "A renewal file, certificate or key in certbot's directory is missing or cannot be read.",
        "`certbot certificates` says what certbot itself thinks of it. Leave the lineage out by naming the others with "
        "`--name`.",
    ),
    "certbot-not-found": Explanation(
        "There is no such lineage of certbot's",
        "certbot's directory has `renewal/NAME.conf` for each lineage that it renews.",
        "Name certbot's directory, usually /etc/letsencrypt, and lineages that `certbot certificates` lists.",
    ),
    "certbot-not-mapped": Explanation(
        "certbot did something that has no counterpart here",
        "Plugins that change a web server's configuration or speak to a DNS provider are certbot's own. The rest of "
        "the lineage was taken in.",
        "Say in a flags file how the names are proven (`[[issuer.challenges]]`), and apply it to the same name.",
    ),
    "certbot-without-account": Explanation(
        "certbot's account could not be taken over",
        "Its key is not where the renewal file says, or of a kind that is not known. The first renewal opens a new "
        "account; CAA records with `accounturi` then have to name that one.",
        "Read the CA's terms and agree: `edgecert settings set NAME issuer.accept_terms=true`.",
    ),
    "unreadable-file": Explanation(
        "A file cannot be read",
        "It is not there, or this user may not read it.",
        "Check the path and the mode.",
    ),
    "unverified": Explanation(
        "What is served could not be seen",
        "The target took the certificate, but no handshake showed what it serves. Nothing is rolled back for that.",
        "Give the target verify addresses, or look at what keeps the handshake from being made: `edgecert check NAME`.",
    ),
    "waiting": Explanation(
        "A person has to act",
        "A request is open, and its CSR has to be carried to the CA.",
        "Send the CSR, then `edgecert import ANSWER`.",
    ),
}
