"""The scripts that launch the job, run with recorders in place of what they call."""

from __future__ import annotations

import itertools
import os
import pathlib
import shlex
import shutil
import stat
import subprocess
from dataclasses import dataclass

__all__ = ["Project", "Ran", "pairs"]

#: Stands in for .venv/bin/python and for gcloud: notes how it was called, prints and exits as it is told.
_RECORDER = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
  *version_info*) echo "$PYTHON_VERSION" ;;
  *"jobs list"*) echo "$RUNNING_JOB" ;;
  *--check_connection*) exit "$CHECK_STATUS" ;;
esac
"""


@dataclass(frozen=True)
class Ran:
    """A finished run: exit status, output, errors, and the commands that it ran, in order."""

    status: int
    output: str
    errors: str
    calls: list[str]

    @property
    def printed(self) -> list[list[str]]:
        """The printed commands, split as a shell would."""
        return [shlex.split(line) for line in self.output.splitlines()]


class Project:
    """A copy of what a script needs, with recorders in place of Python and gcloud."""

    def __init__(self, script: str, source: pathlib.Path, folder: pathlib.Path) -> None:
        self._script = script
        self._folder = folder
        for name in (
            *(script, "scripts/environment.sh", "scripts/launching.sh"),
            *("requirements/runtime.txt", "setup.py", "Dockerfile"),
        ):
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source / name, target)
        installed = (folder / "requirements/runtime.txt").read_bytes() + (folder / "setup.py").read_bytes()
        for recorder in (folder / ".venv/bin/python", folder / "bin/gcloud"):
            recorder.parent.mkdir(parents=True)
            recorder.write_text(_RECORDER)
            recorder.chmod(recorder.stat().st_mode | stat.S_IXUSR)
        (folder / ".venv/.installed-runtime").write_bytes(installed)

    def run(self, *arguments: str, check_status: int = 0, running_job: str = "job-7", python: str = "3.11") -> Ran:
        calls = self._folder / "calls"
        environment = {
            "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "CHECK_STATUS": str(check_status),
            "RUNNING_JOB": running_job,
            "PYTHON_VERSION": python,
        }
        ran = subprocess.run(
            [self._folder / self._script, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr, calls.read_text().splitlines() if calls.exists() else [])


def pairs(words: list[str]) -> list[str]:
    """Each word with the next."""
    return [" ".join(pair) for pair in itertools.pairwise(words)]
