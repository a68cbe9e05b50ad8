"""The console script ``edgecert``: the bare ``--version`` is answered at once, the rest is left to the frame."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the process's command line and give its exit code.

    Inventories and health checks ask for the version often; the frame would take longer to load than Python itself.
    """
    if sys.argv[1:] == ["--version"]:
        from edgecert.shared.version import VERSION

        sys.stdout.write(f"edgecert {VERSION}\n")
        return 0
    from edgecert.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
