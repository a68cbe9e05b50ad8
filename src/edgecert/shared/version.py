"""The version of the distribution; a test holds it equal to the one in ``pyproject.toml``.

Asking ``importlib.metadata`` would load the mail package at each start; nothing is imported here, so that ``--version``
answers at once.
"""

VERSION = "0.1.0"
