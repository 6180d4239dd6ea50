"""Where an event came from, and its original text."""

from __future__ import annotations

import msgspec

__all__ = ["Origin"]


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The original text of an event and its place in the input, for dead letters and replays.

    The members of an envelope share one ``defaults`` object, so that an envelope's defaults are in memory once.

    Attributes:
        text: The event's own JSON as it came: of an envelope's or array's member, the member's part of the payload.
        defaults: The envelope's other fields, as the inside of a JSON object (``b'"context":{...},"sentAt":"..."'``);
            empty for an event that came without an envelope.
        source: The path of the file, or the id of the subscription's message; empty where unknown. Of an event that was
            a dead letter: its history (``mapping.replay``).
        offset: Where the event begins, in bytes of the file's decompressed text; -1 for messages.
        truncated_bytes: The size of the whole payload in bytes where ``text`` had to be cut, else 0.
    """

    text: bytes
    defaults: bytes = b""
    source: str = ""
    offset: int = -1
    truncated_bytes: int = 0

    def payload(self) -> bytes:
        """Return the JSON text that reads as the same event again.

        Returns:
            ``text``; for an envelope's member an envelope of this one member, with the defaults beside it.
        """
        if not self.defaults:
            return self.text
        return b'{"batch":[' + self.text + b"]," + self.defaults + b"}"
