"""Adapters that put a generation into service at a target."""
