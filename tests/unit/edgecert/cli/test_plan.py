from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    from tests.unit.edgecert.cli.conftest import Cli

EDGE = """version = 1
[certificate]
name = "edge"
[topology]
access_edge = "sip.contoso.com"
sip_domains = ["contoso.com", "fabrikam.com"]
xmpp_domains = ["contoso.com", "fabrikam.com"]
"""


def test_names_are_shown_with_kind_and_every_reason(cli: Cli) -> None:
    ran = cli("plan", "-c", str(cli.write(EDGE)))
    assert ran.code == ExitCode.OK
    lines = ran.stdout.splitlines()
    assert lines[0] == "Certificate edge: 4 names, CN=sip.contoso.com"
    assert lines[1].split() == ["NAME", "KIND", "REASON"]
    assert lines[2].split(maxsplit=2) == ["sip.contoso.com", "dns", "access edge, SIP domain contoso.com"]
    assert ran.stderr == ""


def test_the_document_has_the_promised_shape(cli: Cli) -> None:
    result = cli("plan", "--json", "-c", str(cli.write(EDGE))).document["result"]
    certificate = result["certificates"][0]
    assert set(certificate) >= {"name", "common_name", "names"}
    assert certificate["names"][0] == {
        "name": "sip.contoso.com",
        "kind": "dns",
        "reasons": ["access edge", "SIP domain contoso.com"],
    }
    assert result["findings"] == []


def test_an_error_finding_fails_the_run_and_still_shows_the_plan(cli: Cli) -> None:
    path = cli.write(EDGE.replace('"sip.contoso.com"', '"*.contoso.com"') + 'additional_names = ["a.contoso.local"]\n')
    ran = cli("plan", "-c", str(path))
    assert ran.code == ExitCode.FAILED
    findings = ran.stdout.partition("Findings\n")[2]
    assert findings.index("error") < findings.index("info")
    assert "[plan]" in ran.stderr
    document = cli("plan", "--json", "-c", str(path)).document
    assert (document["ok"], document["error"]["code"]) == (False, "plan")
    assert {"code", "severity", "names", "message", "hint"} <= set(document["result"]["findings"][0])


def test_flags_alone_make_a_plan(cli: Cli) -> None:
    ran = cli("plan", "--name", "edge", "--xmpp-domains", "contoso.com", "--kind", "acme", "--json")
    assert [entry["name"] for entry in ran.document["result"]["certificates"][0]["names"]] == ["contoso.com"]


def test_severities_follow_the_issuer(cli: Cli) -> None:
    def severities(kind: str) -> list[str]:
        ran = cli("plan", "--name", "edge", "--access-edge", "sip.contoso.local", "--kind", kind, "--json")
        return [finding["severity"] for finding in ran.document["result"]["findings"]]

    assert (severities("acme"), severities("csr"), severities("local")) == (["error"], ["warning"], ["info"])
