"""Parse, apply rules, map and serialise, on one core, against the same without rules.

Run with ``python -m benchmarks.rules_speed``. The rules are those of ``examples/rules.yaml``. They filter half of the
generated events, which then need no mapping. So the details have a second ratio, without the list of allowed events:
there every event pays for all rules, and is mapped too.
"""

from __future__ import annotations

import io
import pathlib
import re
import statistics
from functools import partial

from benchmarks.generate import PEOPLE, events
from benchmarks.mapping_speed import time_in_turns
from benchmarks.measurement import Measurement
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.person import person_key
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events
from customerio_beam.reading.payload import Payload
from customerio_beam.rules.blocklist import Blocklist
from customerio_beam.rules.compiled import Rules
from customerio_beam.rules.load import load_rules

__all__ = ["measure"]

_EVENTS = 100_000
_RUNS = 7
_LIMIT = 1.3

_FILE = pathlib.Path(__file__).parents[1] / "examples" / "rules.yaml"
_ALLOWED = re.compile(r"(?<=\nevents:\n)  allow: .*\n")


class _Resources:
    """A blocklist of people who are not among the generated ones, as nearly all people are."""

    def blocklist(self, path: str) -> Blocklist:
        return Blocklist.read(io.BytesIO(b"".join(b"erased-%d\n" % number for number in range(PEOPLE))), path)

    def salt(self, source: str) -> str:
        return ""


def measure(count: int = _EVENTS, runs: int = _RUNS) -> Measurement:
    """Measure the median ratio of CPU time.

    Args:
        count: Events of one run.
        runs: Passes over them; one before them, which warms up, does not count.
    """
    text = _FILE.read_text(encoding="utf-8")
    if not _ALLOWED.search(text):
        raise ValueError(f"{_FILE} has no events.allow")
    lines = list(events(count))
    as_it_is, all_pass = (
        time_in_turns(lines, runs, partial(_map, _compiled(rules)), partial(_map, None))
        for rules in (text, _ALLOWED.sub("", text))
    )
    ratio = _median_ratio(as_it_is)
    return Measurement(
        name="parse + rules + map + serialise, one core",
        compared_with="parse + map + serialise of the same lines",
        value=ratio,
        unit="x",
        aim=f"at most {_LIMIT}",
        reached=ratio <= _LIMIT,
        details={
            "events_per_second": round(count / statistics.median(ruled for ruled, _ in as_it_is)),
            "ratios": [round(ruled / plain, 3) for ruled, plain in as_it_is],
            "ratio_where_no_event_is_filtered": round(_median_ratio(all_pass), 3),
        },
    )


def _median_ratio(times: list[tuple[float, float]]) -> float:
    return statistics.median(ruled / plain for ruled, plain in times)


def _compiled(text: str) -> Rules:
    return Rules(load_rules(str(_FILE), text.encode()).rules, MappingSettings(), _Resources())


def _map(rules: Rules | None, lines: list[bytes]) -> None:
    settings = MappingSettings()
    block = Payload(b"\n".join(lines), "events.ndjson", 0, is_lines=True)
    for outcome in read_events(block, settings=settings):
        if not isinstance(outcome, Event):
            raise TypeError(f"an event was not usable: {outcome}")
        event = outcome if rules is None else rules.apply(outcome).event
        if event is not None:
            person_key(event, settings.identify_by)
            map_event(event, settings)


if __name__ == "__main__":
    result = measure()
    print(f"{result.name}: {result.value:.2f} times {result.details}")
