"""Counts dead letters by reason, message, source and time, in memory that doesn't grow with them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.profile.masking import masked_sentence
from customerio_beam.visible import visible

__all__ = ["MESSAGES", "OTHERS", "UNKNOWN", "ReasonTally", "Tally"]

#: Stands for what has no place of its own any more, once there are too many different ones.
OTHERS: Final = "(others)"
#: Stands for a time or a source that a record doesn't have.
UNKNOWN: Final = "(unknown)"
#: The source of what came from a subscription.
MESSAGES: Final = "(messages)"

#: How many different messages of a reason, sources, hours or reasons are told apart.
_MAX_DIFFERENT: Final = 10_000
_MESSAGE_CHARS: Final = 300
_CODE_CHARS: Final = 100

_HOUR: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d", re.ASCII).match


class _Counts(Counter[str]):
    def add(self, key: str) -> None:
        """Count a key, or the others if there are too many different ones."""
        self[key if key in self or len(self) < _MAX_DIFFERENT else OTHERS] += 1


class ReasonTally:
    """The dead letters of one reason.

    Attributes:
        count: How many there are.
        messages: How many have each message.
        first: The hour of the first, as ``2024-01-31T09``; empty where no record has a time.
        last: The hour of the last.
    """

    def __init__(self) -> None:
        self.count = 0
        self.messages = _Counts()
        self.first = ""
        self.last = ""


class Tally:
    """The dead letters of some files.

    Attributes:
        total: How many records there are.
        unreadable: How many lines are no record.
        reasons: Each reason's, by its code.
        sources: How many come from each file, or from messages.
        hours: How many there are in each hour (UTC), as ``2024-01-31T09``.
    """

    def __init__(self, *, shows_values: bool) -> None:
        """Begin with nothing.

        Args:
            shows_values: Whether messages keep the values that they quote, which may be personal data.
        """
        self.total = 0
        self.unreadable = 0
        self.reasons: dict[str, ReasonTally] = {}
        self.sources = _Counts()
        self.hours = _Counts()
        self._shows_values = shows_values

    def add(self, line: bytes) -> None:
        """Count one line of a file."""
        try:
            record = json_text.loads(line)
        except json_text.InvalidJson:
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("reason"), str):
            self.unreadable += 1
            return
        self.total += 1
        code = visible(record["reason"], _CODE_CHARS)
        if code not in self.reasons and len(self.reasons) >= _MAX_DIFFERENT:
            code = OTHERS
        reason = self.reasons.setdefault(code, ReasonTally())
        reason.count += 1
        reason.messages.add(self._message(record))
        self.sources.add(_source(record.get("source")))
        failed_at = record.get("failed_at")
        hour = _HOUR(failed_at) if isinstance(failed_at, str) else None
        self.hours.add(hour[0] if hour else UNKNOWN)
        if hour:
            reason.first = min(reason.first or hour[0], hour[0])
            reason.last = max(reason.last, hour[0])

    def _message(self, record: dict[str, Any]) -> str:
        detail = str(record.get("detail") or "")
        response = record.get("response")
        if self._shows_values:
            return visible(detail, _MESSAGE_CHARS)
        if isinstance(response, dict):
            # The detail is Customer.io's own sentence, which may quote anything in any way.
            parts = [f"{name} {response[name]}" for name in ("status", "reason", "field") if response.get(name)]
            return visible(", ".join(parts), _MESSAGE_CHARS)
        return visible(masked_sentence(detail), _MESSAGE_CHARS)


def _source(source: Any) -> str:
    if not isinstance(source, dict):
        return UNKNOWN
    file = source.get("file")
    return visible(file, _MESSAGE_CHARS) if isinstance(file, str) else MESSAGES
