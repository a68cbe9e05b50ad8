"""Certificate material, contexts and TLS channels over memory buffers."""
