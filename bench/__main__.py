"""``make bench``: all figures, one after the other; each is also a program of its own (``python -m bench.NAME``)."""

from __future__ import annotations

import sys

from bench import hot_swap, issue_local


def main() -> int:
    """Take all figures; 1 if one of them could not be taken, or if anything was lost on the way."""
    arguments = [argument for argument in sys.argv[1:] if argument in {"--quick", "--json"}]
    issuing = issue_local.main(arguments)
    print(flush=True)
    return hot_swap.main(arguments) or issuing


if __name__ == "__main__":
    sys.exit(main())
