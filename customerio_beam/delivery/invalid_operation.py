"""Something that is not an operation, or that no call of the Track API can carry."""

from __future__ import annotations

from typing import Literal

__all__ = ["InvalidOperation"]


class InvalidOperation(ValueError):
    """An operation that can't be delivered, whatever Customer.io says.

    Attributes:
        reason: The code that its dead letter carries.
        detail: One sentence that says what is wrong.
    """

    def __init__(self, reason: Literal["invalid_operation", "operation_too_large"], detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
