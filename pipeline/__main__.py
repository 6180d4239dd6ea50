"""The command line: ``customerio-beam``, or ``python -m pipeline`` in a checkout."""

from __future__ import annotations

import pathlib
import sys

from customerio_beam.pipeline.arguments import help_parser
from customerio_beam.pipeline.commands import COMMANDS, commands_help, run_command
from customerio_beam.pipeline.loading import loading
from customerio_beam.version import __version__

#: The command that runs the job. Options without a command mean it.
_RUN = "run"


def main() -> int:
    """Run the command that the command line names; return the exit status.

    ``--help`` and ``--version`` load nothing else: Beam takes seconds.
    """
    argv = sys.argv[1:]
    if argv and argv[0] in COMMANDS:
        return run_command(_program(), argv[0], argv[1:])
    if argv[:1] == [_RUN]:
        del argv[0]
    if "--version" in argv:
        print(f"customerio-beam {__version__}")
        return 0
    if not argv or "--help" in argv or "-h" in argv:
        help_parser(_program()).print_help()
        print("\n" + commands_help(_program()))
        return 0 if argv else 2
    if not argv[0].startswith("-"):
        print(f"There is no command {argv[0]}: see {_program()} --help.", file=sys.stderr)
        return 2
    with loading():
        from customerio_beam.pipeline.main import run  # noqa: PLC0415  (Beam takes seconds to load)

    return run(argv)


def _program() -> str:
    """Return how the user called it."""
    name = pathlib.Path(sys.argv[0])
    return "python -m pipeline" if name.name == "__main__.py" else name.name


if __name__ == "__main__":
    sys.exit(main())
