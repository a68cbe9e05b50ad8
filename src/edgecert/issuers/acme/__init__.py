"""Issuing by ACME (RFC 8555): the one home of the ``acme`` and ``josepy`` libraries."""
