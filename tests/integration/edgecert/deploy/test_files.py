from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.deploy.files import FilesDeployer
from edgecert.interfaces import DeployOptions, Served, TargetVerdict
from edgecert.model.request import DeployTarget
from edgecert.shared.errors import DeployError, NetworkError
from tests.support.clock import FakeClock
from tests.support.pki import Pki

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.bundle import Bundle

NAMES = ("contoso.example", "sip.contoso.example", "*.fabrikam.example")
OPTIONS = DeployOptions()


@dataclass
class FakeProber:
    """Answers per domain with the fingerprints in turn, the last for ever; nothing for nobody there."""

    served: dict[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    silence: str = "no-starttls"

    def probe(self, address: str, protocol: str, domain: str, *, timeout: float) -> Served:
        self.asked.append((address, protocol, domain))
        answers = self.served.get(domain)
        if not answers:
            raise NetworkError("host-unknown", code=self.silence)
        return Served((), answers.pop(0) if len(answers) > 1 else answers[0], "abc", "TLSv1.3")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Pki.create(tmp_path_factory.mktemp("pki")).issue(NAMES).bundle("edge", 7)


@pytest.fixture
def target(tmp_path: Path) -> DeployTarget:
    directory = tmp_path / "certs"
    directory.mkdir()
    return DeployTarget(name="prosody", kind="files", directory=str(directory))


def deployer(target: DeployTarget, prober: FakeProber | None = None) -> FilesDeployer:
    clock = FakeClock()
    return FilesDeployer(
        target, prober or FakeProber(), clock=clock, pause=lambda seconds: clock.advance(timedelta(seconds=seconds))
    )


def files(target: DeployTarget) -> dict[str, bytes]:
    from pathlib import Path

    return {entry.name: entry.read_bytes() for entry in Path(target.directory).iterdir()}


def mode(target: DeployTarget, name: str) -> int:
    return stat.S_IMODE(os.stat(os.path.join(target.directory, name)).st_mode)  # noqa: PTH116, PTH118  # text in, text out


def script(*lines: str) -> tuple[str, ...]:
    return (sys.executable, "-c", "\n".join(("import sys, os, pathlib", *lines)))


def test_pem_files_are_key_and_full_chain_with_their_modes(target: DeployTarget, bundle: Bundle) -> None:
    deployer(replace(target, mode="0640", cert_file="c.crt", key_file="c.key")).push(bundle, OPTIONS)
    assert files(target) == {"c.crt": bundle.fullchain_pem, "c.key": bundle.key.reveal()}
    assert (mode(target, "c.key"), mode(target, "c.crt")) == (0o640, 0o644)


def test_combined_is_one_file_with_the_mode_of_a_key(target: DeployTarget, bundle: Bundle) -> None:
    deployer(replace(target, layout="combined")).push(bundle, OPTIONS)
    assert files(target) == {"combined.pem": bundle.fullchain_pem + bundle.key.reveal()}
    assert mode(target, "combined.pem") == 0o600


def test_per_domain_is_a_pair_for_each_dns_name(target: DeployTarget, bundle: Bundle) -> None:
    deployer(replace(target, layout="per-domain")).push(bundle, OPTIONS)
    stems = ("contoso.example", "sip.contoso.example", "_.fabrikam.example")
    assert set(files(target)) == {f"{stem}.{end}" for stem in stems for end in ("crt", "key")}


def test_reload_command_runs_after_the_files_are_there(target: DeployTarget, bundle: Bundle) -> None:
    look = script(f"sys.exit(0 if os.path.exists({target.directory!r} + '/privkey.pem') else 3)")
    deployer(replace(target, reload_command=look)).push(bundle, OPTIONS)
    assert "privkey.pem" in files(target)


def test_a_failed_reload_puts_the_old_files_back_and_reloads_them(
    target: DeployTarget, bundle: Bundle, tmp_path: Path
) -> None:
    (tmp_path / "certs" / "privkey.pem").write_bytes(b"old key")
    (tmp_path / "certs" / "privkey.pem").chmod(0o640)
    (tmp_path / "certs" / "fullchain.pem").symlink_to("elsewhere.pem")
    log = tmp_path / "log"
    command = script(
        f"key = pathlib.Path({target.directory!r}, 'privkey.pem').read_bytes()",
        f"with open({str(log)!r}, 'ab') as log: log.write(key[:7] + b'\\n')",
        "print('cannot read that')",
        "sys.exit(1)",
    )
    with pytest.raises(DeployError, match="cannot read that") as caught:
        deployer(replace(target, reload_command=command)).push(bundle, OPTIONS)
    assert caught.value.code == "reload-failed"
    assert (tmp_path / "certs" / "privkey.pem").read_bytes() == b"old key"
    assert mode(target, "privkey.pem") == 0o640
    assert (tmp_path / "certs" / "fullchain.pem").readlink().name == "elsewhere.pem"
    assert log.read_bytes() == b"-----BE\nold key\n"


def test_files_that_were_not_there_are_gone_again_after_a_failure(target: DeployTarget, bundle: Bundle) -> None:
    with pytest.raises(DeployError):
        deployer(replace(target, reload_command=("/does/not/exist",))).push(bundle, OPTIONS)
    assert files(target) == {}


def test_a_reload_that_hangs_is_killed_with_what_it_started(target: DeployTarget, bundle: Bundle) -> None:
    command = ("sh", "-c", "sleep 1000 & sleep 1000")
    with pytest.raises(DeployError, match="killed"):
        deployer(replace(target, reload_command=command, reload_timeout="1s")).push(bundle, OPTIONS)
    assert files(target) == {}


def test_a_write_that_fails_takes_back_what_was_written(target: DeployTarget, bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "certs" / "fullchain.pem").write_bytes(b"old chain")
    with pytest.raises(DeployError):
        deployer(replace(target, key_file="k", cert_file="c" * 250)).push(
            bundle, OPTIONS
        )  # the name in the making is too long
    assert "k" not in files_only(tmp_path / "certs")


def files_only(directory: Path) -> set[str]:
    return {entry.name for entry in directory.iterdir() if entry.is_file()}


def test_refuses_a_key_that_is_not_exportable_unless_told(target: DeployTarget, bundle: Bundle) -> None:
    kept = replace(bundle, meta=replace(bundle.meta, exportable=False))
    with pytest.raises(DeployError) as caught:
        deployer(target).push(kept, OPTIONS)
    assert caught.value.code == "plaintext-key"
    assert files(target) == {}
    deployer(replace(target, plaintext_key=True)).push(kept, OPTIONS)
    assert "privkey.pem" in files(target)


@pytest.mark.parametrize(
    "change",
    [
        {"directory": "/does/not/exist"},
        {"directory": ""},
        {"key_file": "../key"},
        {"cert_file": ""},
        {"owner": "nobody-of-this-name"},
        {"owner": "root:nobody-of-this-name"},
    ],
)
def test_a_target_that_cannot_be_obeyed_changes_nothing(
    target: DeployTarget, bundle: Bundle, change: dict[str, str]
) -> None:
    with pytest.raises(DeployError) as caught:
        deployer(replace(target, **change)).push(bundle, OPTIONS)  # type: ignore[arg-type]  # text fields only
    assert caught.value.hint
    assert files(target) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
def test_owner_gets_the_files(target: DeployTarget, bundle: Bundle, tmp_path: Path) -> None:
    deployer(replace(target, owner="nobody")).push(bundle, OPTIONS)
    import pwd

    status = (tmp_path / "certs" / "privkey.pem").stat()
    entry = pwd.getpwnam("nobody")
    assert (status.st_uid, status.st_gid) == (entry.pw_uid, entry.pw_gid)


@pytest.mark.skipif(os.geteuid() != 0, reason="the rule is about root")
def test_root_does_not_write_where_another_user_can(target: DeployTarget, bundle: Bundle, tmp_path: Path) -> None:
    os.chown(target.directory, 65534, 65534)
    with pytest.raises(DeployError) as caught:
        deployer(target).push(bundle, OPTIONS)
    assert caught.value.code == "unsafe-directory"


def test_leftovers_of_a_run_that_died_are_taken_away_and_nothing_else(
    target: DeployTarget, bundle: Bundle, tmp_path: Path
) -> None:
    (tmp_path / "certs" / ".privkey.pem.0123.tmp").write_bytes(b"half a key")
    (tmp_path / "certs" / ".other.0123.tmp").write_bytes(b"not ours")
    deployer(target).push(bundle, OPTIONS)
    assert set(files(target)) == {"privkey.pem", "fullchain.pem", ".other.0123.tmp"}


def test_cannot_stage(target: DeployTarget, bundle: Bundle) -> None:
    assert deployer(target).stage(bundle, datetime(2027, 1, 1, tzinfo=UTC)) is False
    deployer(target).cancel_staged("edge")
    assert files(target) == {}


def test_verify_is_same_when_one_name_of_the_service_is_served_by_it(target: DeployTarget, bundle: Bundle) -> None:
    own = bundle.meta.fingerprint_sha256
    prober = FakeProber({"sip.contoso.example": [own]})
    seen = deployer(replace(target, verify=("xmpp-s2s://127.0.0.1:5269",)), prober).verify(bundle)
    assert seen.verdict is TargetVerdict.SAME
    assert [domain for _, _, domain in prober.asked] == ["contoso.example", "sip.contoso.example"]


def test_verify_asks_the_one_name_that_an_address_gives(target: DeployTarget, bundle: Bundle) -> None:
    prober = FakeProber({"conference.contoso.example": ["f" * 64]})
    address = "tls://127.0.0.1:443/conference.contoso.example"
    seen = deployer(replace(target, verify=(address,)), prober).verify(bundle)
    assert seen.verdict is TargetVerdict.DIFFERENT
    assert prober.asked == [("127.0.0.1:443", "tls", "conference.contoso.example")]


def test_verify_of_per_domain_wants_every_name(target: DeployTarget, bundle: Bundle) -> None:
    prober = FakeProber({"contoso.example": [bundle.meta.fingerprint_sha256]})
    one = replace(target, layout="per-domain", verify=("xmpp-s2s://127.0.0.1:5269",))
    assert deployer(one, prober).verify(bundle).verdict is TargetVerdict.UNVERIFIED


def test_verify_stops_asking_where_nobody_is(target: DeployTarget, bundle: Bundle) -> None:
    prober = FakeProber(silence="unreachable")
    seen = deployer(replace(target, verify=("tls://127.0.0.1:1",)), prober).verify(bundle)
    assert seen.verdict is TargetVerdict.UNVERIFIED
    assert len(prober.asked) == 1


def test_verify_waits_for_a_service_that_reloads_slowly_after_a_push(target: DeployTarget, bundle: Bundle) -> None:
    own = bundle.meta.fingerprint_sha256
    one = replace(target, verify=("tls://127.0.0.1:443/contoso.example",))
    prober = FakeProber({"contoso.example": ["0" * 64, "0" * 64, own]})
    pushed = deployer(one, prober)
    pushed.push(bundle, OPTIONS)
    assert pushed.verify(bundle).verdict is TargetVerdict.SAME
    prober = FakeProber({"contoso.example": ["0" * 64]})
    assert deployer(one, prober).verify(bundle).verdict is TargetVerdict.DIFFERENT
    assert len(prober.asked) == 1


def test_verify_says_when_there_is_no_address_or_a_wrong_one(target: DeployTarget, bundle: Bundle) -> None:
    assert deployer(target).verify(bundle).verdict is TargetVerdict.UNVERIFIED
    seen = deployer(replace(target, verify=("127.0.0.1:5269",))).verify(bundle)
    assert "127.0.0.1:5269" in seen.error
