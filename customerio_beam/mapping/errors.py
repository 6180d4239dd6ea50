"""Why an event can't be mapped: a stable reason code and a sentence."""

from __future__ import annotations

__all__ = ["InvalidEvent"]


class InvalidEvent(ValueError):
    """An event, or a part of it, that has no operation at Customer.io.

    Attributes:
        reason: The stable code that its dead letter carries.
        detail: One sentence that says what is wrong with which field; it holds no secrets.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
