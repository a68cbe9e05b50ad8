"""The versions of what edgecert stands on."""

from __future__ import annotations


def library_versions() -> dict[str, str]:
    """Give name and version of Python, of the libraries, and of both OpenSSLs, ``cryptography``'s and the system's."""
    import platform
    import ssl
    from importlib.metadata import version

    from cryptography.hazmat.backends.openssl import backend

    return {
        "python": platform.python_version(),
        **{
            name: version(name)
            for name in ("cryptography", "pyOpenSSL", "dnspython", "idna", "aiohttp", "SQLAlchemy", "slixmpp")
        },
        "openssl (cryptography)": backend.openssl_version_text(),
        "openssl (python)": ssl.OPENSSL_VERSION,
    }
