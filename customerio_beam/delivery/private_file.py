"""A small file that the processes of one user share on one machine, out of everybody else's reach."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import stat
import tempfile
import time
from collections.abc import Callable

from customerio_beam.delivery.errors import PrivateFolderError
from customerio_beam.visible import visible

__all__ = ["PrivateFile", "private_folder"]

_MAX_BYTES = 4_096

#: Files that were not written to for so long are removed when a new one is made.
_UNUSED_SECS = 86_400


def private_folder() -> pathlib.Path:
    """Return where a user's processes find each other's files: a folder in the one for temporary files."""
    return pathlib.Path(tempfile.gettempdir(), f"customerio-beam-{os.geteuid()}")


class PrivateFile:
    """A file in a folder of mode 0700 that belongs to this process's user; both are made when they are missing.

    The file is opened anew for each use: a process that ends, forks or is killed leaves no lock behind, and a program
    that removes old temporary files does no harm.
    """

    def __init__(self, folder: pathlib.Path, name: str) -> None:
        self._folder = folder
        self._name = name

    def update(self, change: Callable[[bytes], bytes]) -> bool:
        """Replace the file's content under its lock. Never waits for the lock.

        Args:
            change: Gets the file's content (empty if it is new; at most 4,096 bytes) and returns the new one.

        Returns:
            False if another process or thread has the lock; then nothing is changed.

        Raises:
            PrivateFolderError: The folder or the file can't be used, or isn't private to this user.
        """
        try:
            with contextlib.ExitStack() as stack:
                folder = self._open_folder()
                stack.callback(os.close, folder)
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
                file = os.open(self._name, flags, 0o600, dir_fd=folder)
                stack.callback(os.close, file)
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise self._refusal("holds something that is not a plain file")
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                # Closing alone would not unlock it: a process that was forked meanwhile has the descriptor, too.
                stack.callback(fcntl.flock, file, fcntl.LOCK_UN)
                text = os.pread(file, _MAX_BYTES, 0)
                if not text:
                    _remove_unused(folder)
                changed = change(text)
                os.pwrite(file, changed, 0)
                if len(changed) < len(text):
                    os.ftruncate(file, len(changed))
        except OSError as error:
            raise self._refusal(f"can't be used ({error.strerror})") from None
        return True

    def _open_folder(self) -> int:
        with contextlib.suppress(FileExistsError):
            self._folder.mkdir(mode=0o700)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        found = os.fstat(folder)
        if found.st_uid != os.geteuid() or found.st_mode & 0o777 != 0o700:
            os.close(folder)
            raise self._refusal("must belong to this user alone, with mode 0700")
        return folder

    def _refusal(self, what: str) -> PrivateFolderError:
        return PrivateFolderError(
            f"The folder {visible(str(self._folder))} {what}. Processes on this machine share their request rate in "
            "it: remove it, or set TMPDIR to a folder of your own."
        )


def _remove_unused(folder: int) -> None:
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):  # another process may be doing the same
            if time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime > _UNUSED_SECS:
                os.unlink(name, dir_fd=folder)
