"""Python environments apart from the one that the tests run in."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping, Sequence

#: Prints the file of every module of the job's packages, after importing it.
IMPORT_EVERYTHING = """
import importlib, pkgutil
for name in ("mapping", "delivery", "transforms", "pipeline"):
    package = importlib.import_module("customerio_beam." + name)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            print(importlib.import_module(module.name).__file__)
"""


class Environment:
    """A virtual environment in a folder of its own, empty but for pip."""

    def __init__(self, folder: pathlib.Path) -> None:
        venv.create(folder, with_pip=True)
        self.folder = folder

    @property
    def site_packages(self) -> pathlib.Path:
        """Where its packages are."""
        return self.folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    def lend(self, *, without: Sequence[str]) -> None:
        """Link the packages of the tests' own environment into it, but for those whose names begin so."""
        for bundled in (*self.site_packages.glob("setuptools*"), *self.site_packages.glob("pkg_resources*")):
            shutil.rmtree(bundled)  # Python 3.11 and earlier bring an old one
        for entry in pathlib.Path(sysconfig.get_path("purelib")).iterdir():
            target = self.site_packages / entry.name
            if not entry.name.startswith(("pip", "__editable__", "customerio", *without)) and not target.exists():
                target.symlink_to(entry)

    def run(self, *command: str | pathlib.Path, cwd: pathlib.Path, variables: Mapping[str, str] | None = None) -> str:
        """Run a command with the environment's programs first; return its output.

        Raises:
            AssertionError: It failed; the message has its output.
        """
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(self.folder), **_settings_of_pip(), **(variables or {})}
        ran = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{command} failed:\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"
        return ran.stdout


def _settings_of_pip() -> dict[str, str]:
    """The machine's own settings of pip (a package index, say) hold in the environments too."""
    settings = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_CA"))}
    user_file = pathlib.Path.home() / ".config" / "pip" / "pip.conf"
    if user_file.exists():
        settings.setdefault("PIP_CONFIG_FILE", str(user_file))
    return settings
