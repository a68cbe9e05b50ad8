"""Adapters that keep lineages, generations and requests."""
