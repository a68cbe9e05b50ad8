"""Addresses, envelopes and peers as pure values."""
