"""A file that grows line by line, which nobody else on the machine can read."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from customerio_beam.visible import visible

__all__ = ["PrivateLog", "PrivateLogError"]


class PrivateLogError(ValueError):
    """A file that can't be written to, or is none. The sentence names it."""


class PrivateLog:
    """A file of mode 0600 to append lines to; a context manager. What is there stays there."""

    def __init__(self, path: Path) -> None:
        """Open the file; make it where it is missing.

        Raises:
            PrivateLogError: It can't be opened, is no file, or belongs to somebody else.
        """
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self._path = path
        with self._errors_named():
            self._file = os.fdopen(os.open(path, flags, 0o600), "a+b")
        status = os.fstat(self._file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            self._file.close()
            raise PrivateLogError(f"{path} is no file of this user.")
        os.fchmod(self._file.fileno(), 0o600)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines that are there, with their ends."""
        self._file.seek(0)
        return iter(self._file)

    def write(self, line: bytes) -> None:
        """Append a line, without its end.

        Raises:
            PrivateLogError: The disk is full, or gone. So does ``sync``.
        """
        with self._errors_named():
            self._file.write(line + b"\n")

    def sync(self) -> None:
        """Return once all lines are on the disk."""
        with self._errors_named():
            self._file.flush()
            os.fsync(self._file.fileno())

    def __enter__(self) -> PrivateLog:
        """Return self."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Bring all lines to the disk, and close the file."""
        try:
            self.sync()
        finally:
            self._file.close()

    @contextlib.contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PrivateLogError(f"{visible(str(self._path))} can't be written to: {error.strerror}.") from error
