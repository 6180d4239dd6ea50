"""Says in a last line that most of a run's input could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from customerio_beam.pipeline.file_patterns import file_patterns, is_local, names_a_file
from customerio_beam.pipeline.job_settings import InputSettings
from customerio_beam.pipeline.read_files import open_file
from customerio_beam.pipeline.summary import Summary
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.reading.text import Blocks, open_text
from customerio_beam.transforms.bundle_tally import EXAMPLES, FILTERED
from customerio_beam.visible import visible

__all__ = ["line_number", "read_examples", "unusable_input"]

#: How many reasons the line names.
_SHOWN_REASONS = 3

#: Lines are counted up to here: more would take a person's time.
_COUNTED_BYTES = 1 << 30

_NOT_A_DEAD_LETTER = "not_a_dead_letter"

_HINT = "--allow_unusable makes the exit status 0."

#: A file, and an offset in bytes of its text.
Place = tuple[str, int]


def unusable_input(summary: Summary, settings: InputSettings, examples: Mapping[str, Place]) -> str | None:
    """Say what is wrong with a run's input as a whole.

    Args:
        summary: What the run counted.
        settings: What was read. Of dead letters that are sent again, only lines that are none count.
        examples: By reason, where the first event of that reason is, as far as it is known.

    Returns:
        One line, where nothing was read although a file was named, or where more than half of the events are dead
        letters of ``parse`` or ``map``, or opted out. None where the input is fine. What rules filter is meant to be.
    """
    if summary.events_read == 0:
        named = [visible(pattern) for pattern in file_patterns(settings.input) if names_a_file(pattern)]
        return f"UNUSABLE INPUT: there is no event in {', '.join(named)}. {_HINT}" if named else None
    counts = {**summary.unusable_reasons, FILTERED: summary.events_opted_out}
    unused = summary.events_unusable + summary.events_opted_out
    if settings.input_format == "dead_letters":
        unused = counts.get(_NOT_A_DEAD_LETTER, 0)
        counts = {_NOT_A_DEAD_LETTER: unused}
    if unused * 2 <= summary.events_read:
        return None
    most = sorted((reason for reason in counts if counts[reason]), key=lambda reason: (-counts[reason], reason))
    reasons = [f"{counts[reason]:,} {reason}{_example(examples.get(reason))}" for reason in most[:_SHOWN_REASONS]]
    return f"UNUSABLE INPUT: {unused:,} of {summary.events_read:,} events were not used: {'; '.join(reasons)}. {_HINT}"


def read_examples(string_sets: Mapping[tuple[str, str], Iterable[str]]) -> dict[str, Place]:
    """Return where the first unusable event of each reason is, as far as the runner reports it.

    Args:
        string_sets: What the run collected, by namespace and name.
    """
    return {
        reason: min(_place(text) for text in texts)
        for (namespace, reason), texts in string_sets.items()
        if namespace == EXAMPLES and texts
    }


def line_number(file: str, offset: int) -> int | None:
    """Return the number of the line, from 1, in which a byte of a file's text is.

    Args:
        file: Its path or URL.
        offset: In bytes of its text.

    Returns:
        The number; None where the file can't be read a second time, or the offset is over a gigabyte.
    """
    if offset > _COUNTED_BYTES or (is_local(file) and not Path(file).is_file()):  # a pipe, for one
        return None
    line, left = 1, offset
    try:
        with open_file(file) as opened:
            for block in open_text(file, Blocks(file, opened)):
                line += block.count(b"\n", 0, left)
                left -= len(block)
                if left <= 0:
                    break
    except UnreadableFileError:
        return None
    return line


def _place(text: str) -> Place:
    offset, _, file = text.partition(":")
    return file, int(offset)


def _example(place: Place | None) -> str:
    if place is None:
        return ""
    file, offset = place
    line = line_number(file, offset)
    return f" (first: {visible(file)}, {f'byte {offset:,}' if line is None else f'line {line:,}'})"
