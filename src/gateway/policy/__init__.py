"""Who is a partner, by which methods, and what is decided about a stream."""
