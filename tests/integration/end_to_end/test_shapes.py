"""The JSON documents of the verbs have every key that outsiders may rely on, on every path through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Host

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from tests.support.cli import Ran

CERTIFICATE = (
    "name generation serial not_before not_after names issuer issuer_kind key exportable fingerprint_sha256 path"
)
TARGET = "name kind ok verdict wanted serving served_fingerprint_sha256 elapsed_ms error"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def has(document: Any, keys: str) -> None:  # JSON of any shape
    """See that ``document`` is an object with all of ``keys``."""
    assert set(keys.split()) <= document.keys()


def each_has(documents: Iterable[Any], keys: str) -> None:  # the same
    """See that there are documents and all have ``keys``."""
    documents = list(documents)
    assert documents
    for document in documents:
        has(document, keys)


def good(ran: Ran, *codes: int) -> Any:  # the same
    """Give the result of a run, its envelope seen to be whole."""
    assert ran.code in (codes or (0,)), ran.stdout + ran.stderr
    document = ran.document
    assert document["schema"] == "edgecert/1"
    has(document, "schema ok result warnings")
    for warning in document["warnings"]:
        has(warning, "code message path")
    return document["result"]


@pytest.mark.parametrize("verb", ["issue", "apply"])
def test_issue_and_apply(host: Host, verb: str) -> None:
    arguments = (verb, "-c", str(host.flags_file))
    for more in (("--dry-run",), (), (), ("--force",), ("--dry-run",)):
        result = good(host.run(*arguments, *more))
        each_has(result["certificates"], f"{CERTIFICATE} action")
        assert isinstance(result["deployments"], list)
    if verb == "apply":
        each_has(good(host.run(*arguments))["deployments"], TARGET)
    host.write(kind="csr")
    waiting = good(host.run(*arguments, "--request-file", str(host.directory / "edge.csr")), 5)
    each_has(waiting["certificates"], f"{CERTIFICATE} action")


def test_what_waits_has_the_keys_too(host: Host) -> None:
    host.write(kind="csr")
    place = ("--request-file", str(host.directory / "edge.csr"))
    (waiting,) = good(host.apply(*place), 5)["certificates"]
    has(waiting, f"{CERTIFICATE} action")
    assert (waiting["action"], waiting["generation"], waiting["serial"]) == ("waiting", None, None)
    has(good(host.run("request", "-c", str(host.flags_file), *place)), "name id request_file names")
    (lineage,) = good(host.run("renew"))["lineages"]
    has(lineage, "name action due_at error certificate")
    assert good(host.run("list"))["certificates"] == []


def test_the_verbs_of_what_is_there(host: Host) -> None:
    good(host.apply())
    for more in (("--dry-run",), (), ("edge", "--force")):
        each_has(good(host.run("renew", *more))["lineages"], "name action due_at error certificate")
    (listed,) = good(host.run("list"))["certificates"]
    has(listed, f"{CERTIFICATE} days_left due_at staged deployments")
    each_has(listed["deployments"], TARGET)
    deployed = good(host.run("deploy"))
    has(deployed, "name generation targets")
    each_has(deployed["targets"], TARGET)
    for more in (("--dry-run",), ("--effective-date", listed["due_at"]), ("--cancel-staged",)):
        has(good(host.run("deploy", *more)), "name generation targets")
    rolled = good(host.run("rollback"))
    has(rolled, "name generation targets")
    each_has(rolled["targets"], TARGET)
    each_has(good(host.run("check"), 0, 3)["checks"], "subject check verdict message hint")
    has(good(host.run("show")), "certificate history deployments")
    planned = good(host.run("plan", "-c", str(host.flags_file)))
    each_has(planned["certificates"], "name common_name names")
    each_has(planned["certificates"][0]["names"], "name kind reasons")


@pytest.mark.parametrize("verb", ["apply", "issue", "request"])
def test_a_dry_run_leaves_no_trace(host: Host, verb: str) -> None:
    good(host.run(verb, "-c", str(host.flags_file), "--dry-run"))
    assert not host.state_dir.exists()


def test_failures_say_which_what_and_how_to_mend_it(host: Host) -> None:
    for ran, code in (
        (host.run("show", "nowhere"), 1),
        (host.run("renew", "nowhere"), 1),
        (host.run("apply", "-c", "/nowhere.toml"), 2),
        (host.run("import", "/nowhere.pem"), 2),
    ):
        assert ran.code == code, ran.stdout
        assert ran.document["ok"] is False
        has(ran.document["error"], "code message hint")
