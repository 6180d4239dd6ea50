"""The report about dead letters: how many there are of what, since when, from where, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from customerio_beam.reasons import REASONS
from customerio_beam.report.page import Markup, code, page, paragraph, prose, section, table, tiles
from customerio_beam.report.tally import OTHERS, ReasonTally, Tally
from customerio_beam.version import __version__

__all__ = ["html_report", "text_report"]

_TITLE = "Dead letters"

#: How many messages of a reason, sources, and times are listed.
_MESSAGES_SHOWN = 5
_SOURCES_SHOWN = 20
_TIMES_SHOWN = 48

_UNKNOWN_REASON = ("This version has no such reason", "Read the documentation of the version that wrote the records")


def text_report(tally: Tally, place: str) -> Iterator[str]:
    """Yield the report's lines, for a terminal.

    Args:
        tally: The counts.
        place: Where the dead letters are, as the user named it.
    """
    yield f"{_count(tally.total, 'dead letter')} in {place}"
    if tally.unreadable:
        yield f"{_count(tally.unreadable, 'line')} can't be read as dead letters."
    for reason, found in _by_count(tally):
        meaning, remedy = _explained(reason)
        yield f"\n{reason:<32}{found.count:>12,}   {_span(found)}"
        yield f"  What: {meaning}."
        yield f"  Do:   {remedy}."
        yield from (f"  {count:>10,} x {message}" for message, count in _most(found.messages, _MESSAGES_SHOWN))
    for heading, counts in (("By time (UTC)", _times(tally)), ("By source", _most(tally.sources, _SOURCES_SHOWN))):
        if counts:
            yield f"\n{heading}"
            yield from (f"  {count:>10,}   {name}" for name, count in counts)
    if tally.total:
        yield f"\n{_SEND_AGAIN}\n  {_command(place)}"


def html_report(tally: Tally, place: str) -> Markup:
    """Return the report as one HTML page; arguments as those of ``text_report``."""
    sections = [tiles({"dead letters": f"{tally.total:,}", "reasons": f"{len(tally.reasons):,}"})]
    if tally.unreadable:
        sections.append(paragraph(f"{_count(tally.unreadable, 'line')} can't be read as dead letters."))
    rows = []
    for reason, found in _by_count(tally):
        meaning, remedy = _explained(reason)
        rows.append((code(reason), f"{found.count:,}", _span(found), prose(f"{meaning}."), prose(f"{remedy}.")))
    sections.append(
        section("By reason", table("By reason", ("Reason", "Count", "Time (UTC)", "Meaning", "What to do"), rows))
    )
    messages = [
        (code(reason), f"{count:,}", message)
        for reason, found in _by_count(tally)
        for message, count in _most(found.messages, _MESSAGES_SHOWN)
    ]
    sections.append(section("By message", table("By message", ("Reason", "Count", "Message"), messages)))
    times = [(name, f"{count:,}") for name, count in _times(tally)]
    sections.append(section("By time (UTC)", table("By time", ("Time", "Count"), times)))
    sources = [(name, f"{count:,}") for name, count in _most(tally.sources, _SOURCES_SHOWN)]
    sections.append(section("By source", table("By source", ("Source", "Count"), sources)))
    sections.append(section("Send them again", paragraph(_SEND_AGAIN), paragraph(code(_command(place)))))
    return page(
        _TITLE, "Customer.io pipeline", sections, f"{_count(tally.total, 'record')} in {place}. Version {__version__}."
    )


_SEND_AGAIN = "Once the causes are gone, send them again; Customer.io ignores what it has already:"


def _command(place: str) -> str:
    return f"customerio-beam --input '{place}' --input_format=dead_letters --dead_letters dead-letters/again"


def _explained(reason: str) -> tuple[str, str]:
    known = REASONS.get(reason)
    return _UNKNOWN_REASON if known is None else (known.meaning, known.remedy)


def _by_count(tally: Tally) -> list[tuple[str, ReasonTally]]:
    return sorted(tally.reasons.items(), key=lambda item: (-item[1].count, item[0]))


def _most(counts: Counter[str], limit: int) -> list[tuple[str, int]]:
    """Return the most frequent ones, and the sum of all others."""
    ordered = sorted(counts.items(), key=lambda item: (item[0] == OTHERS, -item[1], item[0]))
    if len(ordered) <= limit:
        return ordered
    return [*ordered[: limit - 1], (OTHERS, sum(count for _, count in ordered[limit - 1 :]))]


def _times(tally: Tally) -> list[tuple[str, int]]:
    """Return the counts of each hour; of each day, or each month, where there are too many."""
    for length in (len("2024-01-31T09"), len("2024-01-31"), len("2024-01")):
        counts: Counter[str] = Counter()
        for hour, count in tally.hours.items():
            counts[hour[:length] if hour[0].isdigit() else hour] += count
        if len(counts) <= _TIMES_SHOWN:
            break
    return [(name.replace("T", " ") + ":00" if "T" in name else name, count) for name, count in sorted(counts.items())]


def _span(found: ReasonTally) -> str:
    first, last = (hour.replace("T", " ") + ":00" for hour in (found.first, found.last)) if found.first else ("", "")
    return first if first == last else f"{first} to {last}"


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
