"""Adapters to those who sign: the built-in local CA and a CSR carried by a person."""
