"""What a measurement is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Measurement"]


@dataclass(frozen=True)
class Measurement:
    """One row of the results.

    Attributes:
        name: What was measured.
        compared_with: What it was measured against.
        value: The figure: a ratio, where ``unit`` is ``x``.
        unit: ``x``, ``requests``, ``%``, ``s``, ``MB``.
        aim: What the figure is meant to be, in words.
        reached: Whether it is.
        details: Further figures, for the file of results.
    """

    name: str
    compared_with: str
    value: float
    unit: str
    aim: str
    reached: bool
    details: Mapping[str, Any] = field(default_factory=dict)
