"""The control panel: partners, streams, contacts, certificates and failures of a running gateway, on a terminal.

It speaks to the gateway over its sockets alone. ``desk`` makes the calls, ``views`` reads the answers, ``partnerform``
and ``session`` hold what a person has in hand; only ``app`` and ``screens`` know Textual.
"""
