"""The project as its image has it: a copy whose mapping is compiled.

``python -m benchmarks.compiled MODULE ARGUMENT ...`` runs a module of such a copy: ``benchmarks.steps``, say, or
``pytest tests/mapping``. Needs a C compiler.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

__all__ = ["ROOT", "can_compile", "compiled_copy"]

#: The project as it lies here, whose mapping is Python.
ROOT = pathlib.Path(__file__).resolve().parents[1]

_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "output", "results")


def can_compile() -> bool:
    """Whether there are mypy (requirements/compile.txt) and a C compiler."""
    return importlib.util.find_spec("mypyc") is not None and shutil.which(os.environ.get("CC", "cc")) is not None


@contextlib.contextmanager
def compiled_copy() -> Iterator[pathlib.Path]:
    """Make the copy; yields its folder, which is gone afterwards.

    Raises:
        RuntimeError: The mapping can't be compiled.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "project"
        shutil.copytree(ROOT, folder, symlinks=True, ignore=_NOT_COPIED)
        build = subprocess.run(
            [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"],
            cwd=folder,
            env={**os.environ, "CUSTOMERIO_BEAM_COMPILE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if build.returncode != 0:
            raise RuntimeError(f"the mapping can't be compiled: {build.stderr.strip()[-2000:]}")
        yield folder


def main() -> int:
    """Run a module of a copy; return its exit status."""
    if len(sys.argv) < 2:
        print("usage: python -m benchmarks.compiled MODULE [ARGUMENT ...]", file=sys.stderr)
        return 2
    with compiled_copy() as folder:
        return subprocess.run([sys.executable, "-m", *sys.argv[1:]], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
