"""What an event maps to."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from customerio_beam.mapping.limits import OversizeAttribute

__all__ = ["Mapped", "UnsentPart"]


class UnsentPart(NamedTuple):
    """A part of an event that could not be sent, while the rest of it is.

    Attributes:
        reason: ``attribute_too_long``; or, for the device of an event, ``unsupported_platform`` or
            ``operation_too_large``.
        detail: One sentence that says what is wrong.
        attribute: The attribute that is too long, or None.
    """

    reason: str
    detail: str
    attribute: OversizeAttribute | None = None


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """What an event maps to.

    Attributes:
        operations: Track API v2 operations as compact UTF-8 JSON, in the order in which to send them. An event,
            page or screen of more than 32,000 bytes is meant for v1's call.
        unsent: The parts that can't be sent.
        names_truncated: How many names were cut at 100 bytes.
    """

    operations: list[bytes]
    unsent: list[UnsentPart]
    names_truncated: int
