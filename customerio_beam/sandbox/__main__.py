"""The command `customerio-beam-sandbox`, also `python -m customerio_beam.sandbox`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the sandbox until SIGINT or SIGTERM, and return the exit status."""
    try:
        from customerio_beam.sandbox.command_line import run  # noqa: PLC0415 - its packages are optional
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == __package__.partition(".")[0]:
            raise
        print(
            f"The sandbox needs the package {error.name}. Install it with: pip install 'customerio-beam[sandbox]'",
            file=sys.stderr,
        )
        return 2
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
