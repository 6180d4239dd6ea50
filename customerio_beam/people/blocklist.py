"""The list of people whose events are not to be sent any more: one id or email a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from customerio_beam.people.listing import Person
from customerio_beam.people.private_log import PrivateLog

__all__ = ["add_to_blocklist"]


def add_to_blocklist(path: Path, people: Iterable[Person]) -> int:
    """Add people to a blocklist, by all their identifiers. Those that are on it already are not added again.

    Args:
        path: The file; it is made where it is missing.
        people: Whom to add.

    Returns:
        How many lines were added.

    Raises:
        PrivateLogError: The file can't be read or written to.
    """
    missing = dict.fromkeys(_line(kind, value) for person in people for kind, value in person.identifiers)
    with PrivateLog(path) as blocklist:
        ends_in_a_line = True
        for line in blocklist.lines():
            missing.pop(line.strip(), None)
            ends_in_a_line = line.endswith(b"\n")
        if missing and not ends_in_a_line:
            blocklist.write(b"")
        for entry in missing:
            blocklist.write(entry)
    return len(missing)


def _line(kind: str, value: str) -> bytes:
    # As an event's userId names Customer.io's own id.
    return f"cio_{value}".encode() if kind == "cio_id" else value.encode()
