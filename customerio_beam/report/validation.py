"""The report of ``validate``: what would be sent, what wouldn't, and why."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.profile.attributes import Attribute, Attributes
from customerio_beam.profile.comparison import SAME, ComparisonProfile
from customerio_beam.profile.counts import Counts
from customerio_beam.profile.dead_letters import DeadLettersProfile
from customerio_beam.profile.events import DAY_MS, EventsProfile, split_name
from customerio_beam.profile.operations import OperationsProfile
from customerio_beam.profile.people import PeopleCounts
from customerio_beam.profile.tracking_plan import ViolationsProfile
from customerio_beam.reasons import REASONS
from customerio_beam.report.document import Bars, Block, Document, Examples, Figures, Paragraph, Part, Rows, Timeline
from customerio_beam.report.tally import OTHERS
from customerio_beam.rules.model import LoadedRules
from customerio_beam.version import __version__

__all__ = ["Validation", "validation_report"]

#: How many names of a kind the report lists.
_NAMES_SHOWN: Final = 50
_ATTRIBUTES_SHOWN: Final = 100
#: Bars in a chart over time: each stays wide enough to point at.
_MAX_SPANS: Final = 60
#: Days of 9999 and later have no name in Python's calendar.
_LAST_DAY: Final = 2_932_896

#: Calls that have a name.
_NAMED: Final = ("track", "page", "screen")

_TITLE: Final = "What would be sent"
_RECENT: Final = "Younger than 72 hours"


class Validation(NamedTuple):
    """What was found, and of what.

    Attributes:
        inputs: The patterns of the input.
        made_at: When it was made, in unix seconds.
        share: The share of visitors that was looked at.
        delivery: The rate, and how large a request may be.
        holds_recent: Whether a run would hold back events that could trigger campaigns.
        rules: The rules; None for none.
        events_read: Events of the whole input, usable or not.
        opted_out: Those of them that opt Customer.io out by ``integrations``.
        filtered: Events that a rule filters, by the rule.
        events: Events that can be read, before the rules.
        operations: What would be sent.
        dead_letters: What couldn't be.
        people: How many people these are about.
        other_rules: The rules that these were compared with; None for none.
        comparison: What these would change; None for none.
        plan: The file of the tracking plan; None for none.
        violations: How events break it; None without one.
    """

    inputs: Sequence[str]
    made_at: float
    share: float
    delivery: DeliverySettings
    holds_recent: bool
    rules: LoadedRules | None
    events_read: int
    opted_out: int
    filtered: Mapping[str, int]
    events: EventsProfile
    operations: OperationsProfile
    dead_letters: DeadLettersProfile
    people: PeopleCounts
    other_rules: LoadedRules | None = None
    comparison: ComparisonProfile | None = None
    plan: str | None = None
    violations: ViolationsProfile | None = None


def validation_report(found: Validation) -> Document:
    """Return the report about what was found."""
    problems = list(_problems(found))
    verdict = "No problems were found. Nothing was sent."
    if problems:
        verdict = f"{_count(len(problems), 'problem')} found. Nothing was sent."
    parts = [_events(found), _operations(found), _filtered(found), _dead_letters(found), _people(found)]
    parts += [_attributes(found), _recent(found)]
    if found.violations is not None:
        parts.append(_tracking_plan(found, found.violations))
    if found.comparison is not None:
        parts.append(_comparison(found, found.comparison))
    return Document(_TITLE, verdict, problems, list(_top(found)), parts, _footer(found))


def _problems(found: Validation) -> Iterator[str]:
    if not found.events_read:
        yield f"There is no event in {', '.join(found.inputs)}"
    whole = sum(reason.count for code, reason in found.dead_letters.reasons.items() if REASONS[code].about == "event")
    if whole:
        yield f"Events that can't be sent: {whole:,} (see Dead letters)"
    parts = found.dead_letters.total - whole
    if parts:
        yield f"Parts of events that can't be sent, while the rest of the event can: {parts:,} (see Dead letters)"
    if found.opted_out * 2 > found.events_read:
        yield f"More than half of the events opt Customer.io out: {found.opted_out:,} (see Filtered)"
    if found.violations is not None and found.violations.broken:
        yield f"Events that break the tracking plan: {found.violations.broken:,} (see Tracking plan)"


def _top(found: Validation) -> Iterator[Block]:
    if found.share < 1:
        yield Paragraph(
            f"This is a sample: the events of {100 * found.share:g} % of the visitors. Its counts are those of the "
            "sample. Operations, requests and minutes at the top are estimates for all events. All events were read: "
            "those that can't be read, or opt out, are counted in full."
        )
    requests = found.operations.requests(found.delivery, found.share)
    about = "about " if found.share < 1 else ""
    yield Figures(
        [
            ("Events read", f"{found.events_read:,}"),
            ("Operations", f"{about}{found.operations.total / found.share:,.0f}"),
            ("Requests", f"{about}{requests:,}"),
            ("Minutes", f"{about}{_minutes(requests, found)}"),
            ("People", f"{found.people.identified:,}"),
            ("Anonymous visitors", f"{found.people.visitors:,}"),
            ("Filtered", f"{found.opted_out + sum(found.filtered.values()):,}"),
            ("Dead letters", f"{found.dead_letters.total:,}"),
        ]
    )


def _footer(found: Validation) -> str:
    made = datetime.datetime.fromtimestamp(found.made_at, datetime.timezone.utc)
    rules = f" Rules: {found.rules.file}, SHA-256 {found.rules.sha256}." if found.rules else " No rules."
    return f"Input: {', '.join(found.inputs)}.{rules} Made on {made:%Y-%m-%d %H:%M} UTC by version {__version__}."


def _events(found: Validation) -> Part:
    events = found.events
    if events.first_ms is None or events.last_ms is None:
        return Part("Events", [Paragraph("No event can be read.")])
    calls: Counter[str] = Counter()
    for key, count in events.names.names.items():
        calls[split_name(key)[0]] += count
    return Part(
        "Events",
        [
            Paragraph(f"The first is of {_time(events.first_ms)}, the last of {_time(events.last_ms)} (UTC)."),
            _timeline(events.days),
            Bars("Events by type", [*calls.most_common(), *_others(events.names.others)]),
            Bars("Events by type and name", _rows_of(events.names, _NAMES_SHOWN)),
        ],
    )


def _operations(found: Validation) -> Part:
    operations = found.operations
    requests = operations.requests(found.delivery)
    blocks: list[Block] = [
        Paragraph(
            f"{_count(operations.batched, 'operation')} ({operations.batched_bytes:,} bytes) fit into batches of up to "
            f"{found.delivery.max_batch_operations:,} operations and {found.delivery.max_batch_bytes:,} bytes; "
            f"{_count(operations.single, 'large operation')} or metrics of deliveries need a request each. "
            f"With full batches, that makes {_count(requests, 'request')}, which take {_duration(requests, found)} at "
            f"{found.delivery.max_requests_per_second:g} requests a second. A run needs some more, as its last batches "
            "are not full."
        )
    ]
    if operations.total:
        blocks.append(Bars("Operations by what they do", _rows_of(operations.kinds, _NAMES_SHOWN)))
    return Part("Operations", blocks)


def _filtered(found: Validation) -> Part:
    rows = [("integrations", "The event opts Customer.io out", f"{found.opted_out:,}")] if found.opted_out else []
    rows += [
        (rule, "A rule of the rules file", f"{count:,}")
        for rule, count in sorted(found.filtered.items(), key=lambda item: (-item[1], item[0]))
    ]
    blocks: list[Block] = [Paragraph("No event is filtered.")]
    if rows:
        blocks = [Rows("Events that are filtered", ("By", "Why", "Events #"), rows)]
    if found.rules is not None:
        blocks += [Paragraph(warning.located(found.rules.file)) for warning in found.rules.warnings]
    return Part("Filtered", blocks)


def _dead_letters(found: Validation) -> Part:
    reasons = sorted(found.dead_letters.reasons.items(), key=lambda item: (-item[1].count, item[0]))
    if not reasons:
        return Part("Dead letters", [Paragraph("Every event that isn't filtered can be sent.")])
    rows = [
        (code, f"{reason.count:,}", _plain(REASONS[code].meaning), _plain(REASONS[code].remedy))
        for code, reason in reasons
    ]
    blocks: list[Block] = [Rows("Dead letters by reason", ("Reason", "Count #", "Meaning", "What to do"), rows)]
    items = [
        (f"{code}: {_place(example.file, example.offset)}", [example.detail, example.payload])
        for code, reason in reasons
        for example in reason.examples
    ]
    return Part("Dead letters", [*blocks, Examples("The first examples of each reason", items)])


def _people(found: Validation) -> Part:
    people = found.people
    return Part(
        "People",
        [
            Figures(
                [
                    ("Identified people", f"{people.identified:,}"),
                    ("Anonymous visitors", f"{people.visitors:,}"),
                    ("Joinable visitors", f"{people.joinable:,}"),
                ]
            ),
            Paragraph(
                "These are different identifiers: a person with an id and an email counts as two. A visitor is "
                "joinable if an identify call or an alias in the input names the visitor's anonymousId."
            ),
        ],
    )


def _attributes(found: Validation) -> Part:
    operations, long = found.operations, found.dead_letters.long_attributes
    blocks: list[Block] = []
    if long.names or long.others.count:
        blocks.append(
            _attribute_rows("Attributes over Customer.io's limits, which are not sent", long, "Over the limit #")
        )
    for caption, attributes in (
        ("Attributes of people", operations.person_attributes),
        ("Attributes of objects", operations.object_attributes),
        ("Properties of events", operations.event_properties),
    ):
        if attributes.names:
            blocks.append(_attribute_rows(caption, attributes, "Over the limit #"))
    return Part("Attributes and properties", blocks or [Paragraph("No operation has any.")])


def _attribute_rows(caption: str, attributes: Attributes, over: str) -> Rows:
    rows = [_attribute_row(name, found) for name, found in attributes.top(_ATTRIBUTES_SHOWN)]
    rest = Attribute()
    rest.merge(attributes.others)
    shown = {name for name, _ in attributes.top(_ATTRIBUTES_SHOWN)}
    for name, found in attributes.names.items():
        if name not in shown:
            rest.merge(found)
    if rest.count:
        rows.append(_attribute_row(OTHERS, rest))
    return Rows(caption, ("Name", "Values #", "Types", "Mean bytes #", "Largest #", over), rows)


def _attribute_row(name: str, found: Attribute) -> tuple[str, ...]:
    types = sorted(found.types.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(kind if len(types) == 1 else f"{kind} ({count:,})" for kind, count in types)
    mean = found.total_bytes / max(found.count, 1)
    return name, f"{found.count:,}", shown, f"{mean:,.0f}", f"{found.largest_bytes:,}", f"{found.over_limit:,}"


def _recent(found: Validation) -> Part:
    recent = found.operations.recent
    if not recent.total:
        return Part(_RECENT, [Paragraph("No event is: none could trigger a campaign.")])
    held = (
        "A backfill holds them back as dead letters (recent_event), unless --backfill_recent=send."
        if found.holds_recent
        else "With --backfill_recent=send they are sent."
    )
    return Part(
        _RECENT,
        [
            Paragraph(
                f"{_count(recent.total, 'event')} could trigger campaigns. {held} Operations above include them."
            ),
            Bars("Events that could trigger campaigns", _rows_of(recent, _NAMES_SHOWN)),
        ],
    )


def _tracking_plan(found: Validation, violations: ViolationsProfile) -> Part:
    blocks: list[Block] = [
        Paragraph(
            f"{violations.broken:,} of the {_count(violations.checked, 'event')} that {found.plan} has a schema for "
            "break it. Events are checked as they came, before the rules."
        )
    ]
    top = violations.kinds.top(_ATTRIBUTES_SHOWN)
    if top.rows:
        rows = [(*key.split("\t"), f"{count:,}") for key, count in top.rows]
        rows += [(OTHERS, "", "", f"{top.others:,}")] if top.others else []
        blocks.append(Rows("Violations", ("Event", "Field", "Rule", "Events #"), rows))
    if violations.unplanned.total:
        blocks.append(Bars("Events that the plan doesn't name", _rows_of(violations.unplanned, _NAMES_SHOWN)))
    return Part("Tracking plan", blocks)


def _comparison(found: Validation, comparison: ComparisonProfile) -> Part:
    other = found.other_rules.file if found.other_rules is not None else ""
    same = comparison.outcomes.names.get(SAME, 0)
    changed = comparison.outcomes.total - same
    blocks: list[Block] = [
        Paragraph(
            f"With {other}, {_count(changed, 'event')} would change, and {same:,} would not. Operations: "
            f"{comparison.operations_before:,} before, {comparison.operations_after:,} after."
        )
    ]
    if changed:
        rows = [row for row in _rows_of(comparison.outcomes, _NAMES_SHOWN) if row[0] != SAME]
        blocks.append(Bars("What would change", rows))
        items = [
            (
                f"{kind}: {_place(change.file, change.offset)}",
                [*(f"before: {text}" for text in change.before), *(f"after: {text}" for text in change.after)],
            )
            for kind, _ in rows
            for change in comparison.examples.get(kind, ())
        ]
        blocks.append(Examples("The first examples of each change", items))
    return Part("Compared with other rules", blocks)


def _rows_of(counts: Counts, limit: int) -> list[tuple[str, int]]:
    top = counts.top(limit)
    return [*((_named(name), count) for name, count in top.rows), *_others(top.others)]


def _named(key: str) -> str:
    call, name = split_name(key)
    if name or call not in _NAMED:
        return key.removesuffix(":")
    return f"{call}: (no name)"


def _others(count: int) -> list[tuple[str, int]]:
    return [(OTHERS, count)] if count else []


def _timeline(days: Counts) -> Block:
    """Return a chart of equal spans: of days, or of as many days as it takes for few enough bars."""
    counts = {int(day): count for day, count in days.names.items()}
    first, last = min(counts), max(counts)
    span = -(-(last - first + 1) // _MAX_SPANS)
    bars = [0] * ((last - first) // span + 1)
    for day, count in counts.items():
        bars[(day - first) // span] += count
    each = "day" if span == 1 else f"{span:,} days"
    return Timeline(f"Events each {each}", [(_day(first + number * span), count) for number, count in enumerate(bars)])


def _day(day: int) -> str:
    if day > _LAST_DAY:
        return "after 9999"
    return str(datetime.date(1970, 1, 1) + datetime.timedelta(days=day))


def _time(time_ms: int) -> str:
    if time_ms // DAY_MS > _LAST_DAY:
        return "after 9999"
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _minutes(requests: int, found: Validation) -> str:
    minutes = requests / found.delivery.max_requests_per_second / 60
    return "under 1" if minutes < 1 else f"{minutes:,.0f}"


def _duration(requests: int, found: Validation) -> str:
    minutes = _minutes(requests, found)
    return f"{minutes} minute" if minutes.endswith(" 1") or minutes == "1" else f"{minutes} minutes"


def _place(file: str, offset: int) -> str:
    return f"{file}, byte {offset:,}" if file else "(unknown place)"


def _plain(text: str) -> str:
    return text.replace("`", "")


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
