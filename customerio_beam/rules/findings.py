"""What the checks of a rules file have found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from customerio_beam.rules.document import Keys

__all__ = ["Findings"]

_Parsed = TypeVar("_Parsed")


@dataclass
class Findings:
    """Places in a rules file, and what is wrong there.

    Attributes:
        errors: What can't be right.
        warnings: What can never apply, or surely isn't meant.
    """

    errors: list[tuple[Keys, str]] = field(default_factory=list)
    warnings: list[tuple[Keys, str]] = field(default_factory=list)

    def error(self, keys: Keys, sentence: str) -> None:
        """Add an error."""
        self.errors.append((keys, sentence))

    def warn(self, keys: Keys, sentence: str) -> None:
        """Add a warning."""
        self.warnings.append((keys, sentence))

    def parsed(self, parse: Callable[[str], _Parsed], text: str, keys: Keys) -> _Parsed | None:
        """Parse a text; None, and an error, where that can't be done."""
        try:
            return parse(text)
        except ValueError as error:
            self.error(keys, str(error))
            return None
