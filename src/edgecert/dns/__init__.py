"""The DNS: looking up many names at once, and changing zones by RFC 2136. The home of dnspython in edgecert."""
