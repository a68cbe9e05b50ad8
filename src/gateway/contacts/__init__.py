"""Who knows whom across the gateway: contacts, the presence that partners have seen, and who knocked in vain."""
