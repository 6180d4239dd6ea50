"""``python -m pipeline``: run the job."""

from __future__ import annotations

import sys

from customerio_beam.pipeline.arguments import help_parser


def main() -> int:
    """Run the job, or print its help, for which nothing else is loaded."""
    argv = sys.argv[1:]
    if not argv or "--help" in argv or "-h" in argv:
        help_parser().print_help()
        return 0 if argv else 2
    from customerio_beam.pipeline.main import run  # noqa: PLC0415  (Beam takes seconds to load)

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
