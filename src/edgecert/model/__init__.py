"""Topologies, names, SAN plans, keys and requests as pure values and decisions."""
