"""A part of the input on its way from its source to the reader of events."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["BLOCK_BYTES", "DEFAULT_MAX_PAYLOAD_BYTES", "HEAD_BYTES", "Payload"]

#: The longest event by default: Pub/Sub publishes no longer message (10 MB; its servers say 10,485,760 bytes).
DEFAULT_MAX_PAYLOAD_BYTES: Final = 10 << 20

#: How much of a payload that is too large goes into its dead letter.
HEAD_BYTES: Final = 65_536

#: About how much of a file's text is read, decompressed and handed on at a time. Larger blocks are no faster.
BLOCK_BYTES: Final = 1 << 20


class Payload(msgspec.Struct, frozen=True, gc=False):
    """A message, or a part of a file that can be read by itself.

    Attributes:
        data: UTF-8 JSON text: one or more values, or lines that each hold one or more.
        source: As ``mapping.origin.Origin.source``.
        offset: Where ``data`` begins, in bytes of the file's decompressed text; -1 for a message.
        is_lines: Whether each line stands alone.
        defaults: For members of an envelope: its defaults, as ``mapping.origin.Origin.defaults``.
        truncated_bytes: The size of the whole payload in bytes where it is too large and ``data`` only its beginning,
            else 0.
    """

    data: bytes
    source: str = ""
    offset: int = -1
    is_lines: bool = False
    defaults: bytes = b""
    truncated_bytes: int = 0
