"""The life of an edge certificate: planned, requested, issued, stored, deployed, verified, renewed."""
