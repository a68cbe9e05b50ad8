"""Figures and the demo: what the programs do, measured beside a peer in the same run."""
