"""A parser that says what is wrong in one sentence. Imports no Beam."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable
from typing import Any

from customerio_beam.pipeline.errors import OptionError

__all__ = ["StrictParser", "unknown_sentence"]


class StrictParser(argparse.ArgumentParser):
    """Says what is wrong with a value in one sentence instead of printing the usage."""

    def add_value_provider_argument(self, *names: str, **kwargs: Any) -> None:
        """Beam's way to declare an option that a classic template fills in later."""
        self.add_argument(*names, **kwargs)

    def error(self, message: str) -> Any:
        """Raise what argparse would print.

        Raises:
            OptionError: Always.
        """
        raise OptionError(f"{message[:1].upper()}{message[1:]}.")


def unknown_sentence(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the sentence about a word that is none of the known options, with the one that it may stand for.

    Args:
        name: The word.
        known: The options.
        cutoff: How alike the two must be, from 0 to 1 (``difflib``).
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    hint = f" Did you mean {near[0]}?" if near else " See --help."
    return f"There is no option {name}.{hint}"
