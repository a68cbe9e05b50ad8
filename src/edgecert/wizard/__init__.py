"""The terminal wizard: pages that fill in the same request as a flags file."""
