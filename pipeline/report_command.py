"""``report``: say what dead letters there are, since when, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

from customerio_beam.pipeline.command_settings import ReportSettings
from customerio_beam.pipeline.commands import Given
from customerio_beam.pipeline.dead_letter_files import dead_letter_pattern, find_dead_letters, records
from customerio_beam.pipeline.exit_status import exit_status
from customerio_beam.pipeline.private_page import write_private
from customerio_beam.pipeline.read_files import open_file
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.report.dead_letters import html_report, text_report
from customerio_beam.report.tally import Tally
from customerio_beam.visible import visible

__all__ = ["run"]


def run(given: Given) -> int:
    """Print the report, and write the page.

    Returns:
        0: there are no dead letters; 3: there are some, or files that can't be read.

    Raises:
        OptionError: The place can't be read, or the page can't be written.
    """
    options = given[ReportSettings]
    assert options.dead_letters is not None  # noqa: S101
    return exit_status(lambda: _run(options, options.dead_letters or ""), "The command")


def _run(options: ReportSettings, prefix: str) -> int:
    tally = Tally(shows_values=options.show_values)
    unreadable = False
    for found in find_dead_letters(prefix):
        try:
            with open_file(found.path) as file:
                for _, line in records(file, found.path):
                    if line.strip():
                        tally.add(line)
        except UnreadableFileError as error:
            unreadable = True
            print(error, file=sys.stderr)
    place = visible(dead_letter_pattern(prefix))
    if options.report is not None:
        write_private(Path(options.report), html_report(tally, place))
    print("\n".join(text_report(tally, place)))
    return 3 if tally.total or tally.unreadable or unreadable else 0
