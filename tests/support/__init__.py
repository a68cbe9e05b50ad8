"""The one harness that tests and benches stand on."""
