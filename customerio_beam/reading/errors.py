"""Why files can't be read: errors that name them, in one sentence for the user."""

from __future__ import annotations

from customerio_beam.visible import visible

__all__ = ["IncompleteReadError", "UnreadableFileError", "unreadable"]


class UnreadableFileError(ValueError):
    """A file is of another kind, damaged, cut off, or can't be opened. The message names it and says what it is."""


class IncompleteReadError(RuntimeError):
    """The bytes that were read are not all those of the files that were found. The message names the difference."""


def unreadable(name: str, what: str) -> UnreadableFileError:
    """Make the error for a file.

    Args:
        name: Its path.
        what: What is wrong with it: the rest of a sentence that begins with its path.
    """
    return UnreadableFileError(f"{visible(name)} {what}")
