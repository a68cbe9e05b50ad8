"""The console script ``edgecert``: the bare ``--version`` is answered at once, the rest is left to the frame."""

import sys


def main() -> int:
    """Run the process's command line and give its exit code.

    Inventories and health checks ask for the version often; the frame would take longer to load than Python itself.
    """
    if sys.argv[1:] == ["--version"]:
        from edgecert.shared.version import VERSION

        sys.stdout.write(f"edgecert {VERSION}\n")
        return 0

    import gc

    from edgecert.cli.main import main as run

    code = run()
    gc.freeze()  # at its end Python would look through all modules for cycles; the process is about to give back all
    return code


if __name__ == "__main__":
    sys.exit(main())
