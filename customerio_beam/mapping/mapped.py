"""The operations that an event becomes, and what the later steps need to know about them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from customerio_beam.mapping.limits import OversizeAttribute

__all__ = ["Claim", "Mapped", "UnsentPart"]


class UnsentPart(NamedTuple):
    """A part of an event that can't be sent, while the rest of it is.

    Attributes:
        reason: ``attribute_too_long``; or, for the device of an event, ``unsupported_platform`` or
            ``operation_too_large``; or, for the relationship of a person known by phone, ``unsupported_identifier``.
        detail: One sentence that says what is wrong.
        attribute: The attribute that is too long, or None.
    """

    reason: str
    detail: str
    attribute: OversizeAttribute | None = None


class Claim(msgspec.Struct, frozen=True, gc=False):
    """The link from an anonymous visitor to a person.

    Attributes:
        anonymous_id: The visitor.
        person: The identifiers of the person.
        joins: Whether Customer.io joins the visitor's earlier events to the person by it: an identify with the
            attribute ``anonymous_id`` does. An alias (whose previousId may be an anonymousId) doesn't.
    """

    anonymous_id: str
    person: dict[str, str]
    joins: bool


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """The result of mapping an event.

    Attributes:
        operations: Track API v2 operations as compact UTF-8 JSON, in the order in which to send them. Two kinds are
            meant for calls of v1: an event, page or screen of more than 32,000 bytes, and
            ``{type: delivery, action: metric}``.
        unsent: The parts that can't be sent.
        names_truncated: How many names were cut at 100 bytes.
        anonymous_id: The visitor that all these operations are about; None where they are about a person or nobody.
        claim: The link from a visitor to a person that they make, or None.
    """

    operations: list[bytes]
    unsent: list[UnsentPart]
    names_truncated: int
    anonymous_id: str | None = None
    claim: Claim | None = None
