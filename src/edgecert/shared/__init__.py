"""The bottom layer: what edgecert and the gateway both use."""
