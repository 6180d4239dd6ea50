"""What is wrong with a rules file, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Problem", "RulesError", "near", "nearest"]


class Problem(NamedTuple):
    """One thing that is wrong with a rules file.

    Attributes:
        line: The line, from 1.
        column: The column, from 1.
        key: The keys that lead to the place, such as ``fields.drop``; empty for the whole file.
        sentence: What is wrong, and what to write instead.
    """

    line: int
    column: int
    key: str
    sentence: str

    def located(self, file: str) -> str:
        """Return the problem as one line, with its place as compilers and editors write it."""
        key = f"{self.key}: " if self.key else ""
        return f"{file}:{self.line}:{self.column}: {key}{self.sentence}"


class RulesError(ValueError):
    """A rules file that can't be right.

    Attributes:
        file: Its path.
        problems: All that was found, in the file's order.
    """

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems)
        super().__init__("\n".join(problem.located(file) for problem in self.problems))


def near(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is nearest to a wrong one; None where none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the known name nearest to a wrong one; empty where none is near."""
    found = near(name, known)
    return f" Did you mean {found}?" if found else ""
