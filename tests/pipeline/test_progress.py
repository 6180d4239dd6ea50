from __future__ import annotations

import io

from hamcrest import assert_that, contains_string, equal_to, not_

from customerio_beam.pipeline.progress import progress_text, show_progress
from customerio_beam.transforms.live_counts import LiveCounts

HALF_WAY = LiveCounts(files=2, bytes_found=1000, bytes_read=500, events=100, operations=100, delivered=100)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_tells_files_events_operations_rate_and_time_left() -> None:
    assert_that(
        progress_text(HALF_WAY, 10.0),
        equal_to("2 files, 100 events read (50%), 100 of 100 operations delivered, 10 events/s, about 0:10 left"),
    )


def test_time_left_is_not_guessed_where_the_size_is_unknown() -> None:
    counts = LiveCounts(files=1, files_of_unknown_size=1, bytes_read=500, events=100)
    assert_that(progress_text(counts, 10.0), not_(contains_string("left")))


def test_reading_all_is_half_of_the_work_while_nothing_is_delivered() -> None:
    counts = LiveCounts(files=1, bytes_found=1000, bytes_read=1000, events=10, operations=10)
    assert_that(progress_text(counts, 30.0), contains_string("about 0:30 left"))


def test_nothing_is_written_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with show_progress(lambda: HALF_WAY, stream):
        pass
    assert_that(stream.getvalue(), equal_to(""))


def test_the_line_is_cleared_at_the_end() -> None:
    stream = Terminal()
    with show_progress(lambda: HALF_WAY, stream):
        pass
    assert_that(stream.getvalue(), equal_to("\r\033[K"))
