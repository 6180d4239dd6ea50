"""Files of Beam's file systems: local paths, ``gs://`` and others, opened with errors that name them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from customerio_beam.reading.errors import UnreadableFileError, unreadable

__all__ = ["opened", "reason_of"]


@contextlib.contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open a file to read it, and close it again. A compressed file is read by its name's ending.

    Raises:
        UnreadableFileError: It can't be opened, or not be read to its end.
    """
    try:
        with FileSystems.open(path) as file:
            yield file
    except UnreadableFileError:
        raise
    except Exception as error:  # each file system raises what its library does
        raise unreadable(path, f"can't be read: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """Say in one line why a file system failed."""
    if isinstance(error, BeamIOError) and error.exception_details:
        [error, *_] = error.exception_details.values()
    return " ".join(str(error).split()) or type(error).__name__
