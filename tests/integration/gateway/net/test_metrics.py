from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from gateway.net.metrics import Metrics
from tests.support.clock import FakeClock


def lines(metrics: Metrics) -> list[str]:
    return [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]


def test_days_left_are_those_of_the_moment_of_asking_and_go_below_nought() -> None:
    clock = FakeClock()
    metrics = Metrics(clock)
    metrics.certificate("edge", 7, clock.now() + timedelta(days=2))
    assert 'edgecert_gateway_certificate_days_left{name="edge"} 2.0' in lines(metrics)
    assert 'edgecert_gateway_certificate_generation{name="edge"} 7.0' in lines(metrics)
    clock.advance(timedelta(days=3))
    assert 'edgecert_gateway_certificate_days_left{name="edge"} -1.0' in lines(metrics)
    metrics.certificate_gone("edge")
    assert not [line for line in lines(metrics) if 'name="edge"' in line]


def test_counts_handshakes_by_reason_and_swaps_by_outcome() -> None:
    metrics = Metrics(FakeClock())
    metrics.handshake("inbound", "ok")
    metrics.handshake("inbound", "failed", "no-shared-cipher")
    metrics.handshake("inbound", "failed", "no-shared-cipher")
    metrics.swap("swapped")
    metrics.stanza("outbound")
    metrics.refused("inbound", "not-a-partner")
    text = lines(metrics)
    assert (
        'edgecert_gateway_handshakes_total{direction="inbound",outcome="failed",reason="no-shared-cipher"} 2.0' in text
    )
    assert 'edgecert_gateway_handshakes_total{direction="inbound",outcome="ok",reason=""} 1.0' in text
    assert 'edgecert_gateway_swaps_total{outcome="swapped"} 1.0' in text
    assert 'edgecert_gateway_stanzas_total{direction="outbound"} 1.0' in text
    assert 'edgecert_gateway_refusals_total{direction="inbound",reason="not-a-partner"} 1.0' in text


def test_the_last_stream_of_a_generation_takes_its_series_with_it() -> None:
    metrics = Metrics(FakeClock())
    metrics.stream_opened("inbound", ("edge", 3))
    metrics.stream_opened("inbound", ("edge", 3))
    metrics.stream_closed("inbound", ("edge", 3))
    assert 'edgecert_gateway_streams{direction="inbound",generation="3",name="edge"} 1.0' in lines(metrics)
    metrics.stream_closed("inbound", ("edge", 3))
    assert not [line for line in lines(metrics) if line.startswith("edgecert_gateway_streams")]


def test_tells_ready_partners_and_release() -> None:
    metrics = Metrics(FakeClock(), version="1.2")
    metrics.partners(4)
    assert "edgecert_gateway_ready 0.0" in lines(metrics)
    metrics.ready(True)
    text = lines(metrics)
    assert "edgecert_gateway_ready 1.0" in text
    assert "edgecert_gateway_partners 4.0" in text
    assert 'edgecert_gateway_build_info{version="1.2"} 1.0' in text


def test_the_reference_lists_every_metric_with_its_labels() -> None:
    metrics = Metrics(FakeClock())
    metrics.certificate("edge", 1, FakeClock().now())
    metrics.handshake("inbound", "ok")
    metrics.swap("swapped")
    metrics.stream_opened("inbound", ("edge", 1))
    metrics.stanza("inbound")
    metrics.refused("inbound", "x")
    metrics.entered("stanza")
    metrics.settled("sent")
    metrics.queue_sizes = lambda: {"memory": 0}
    exposed = {
        (sample.name.removeprefix("edgecert_gateway_"), frozenset(sample.labels))
        for family in metrics.families()
        for sample in family.samples
    }
    page = (Path(__file__).parents[4] / "docs" / "reference" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| ([^|]*)\|", page, re.MULTILINE)
    assert {(name, frozenset(re.findall(r"`(\w+)`", labels))) for name, labels in rows} == exposed
