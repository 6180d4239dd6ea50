"""What a run did, in the numbers that its counters hold and in the words of a person. Imports no Beam."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from customerio_beam.reasons import REASONS

__all__ = ["Summary"]

_DEAD_LETTERS = "dead_letters"
_FILTERED = "filtered"
_DELIVERY = "WriteToCustomerIO"


@dataclass(frozen=True)
class Summary:
    """The counts of one run.

    Attributes:
        counters: Every counter's value by its namespace and name.
        means: Every distribution's mean by its namespace and name.
        missing: Namespaces and names of what the runner did not report.
    """

    counters: Mapping[tuple[str, str], int]
    means: Mapping[tuple[str, str], float] = field(default_factory=dict)
    missing: frozenset[tuple[str, str]] = frozenset()

    @property
    def events_read(self) -> int:
        """Events that the input held, usable or not."""
        return self._count("events", "read")

    @property
    def events_filtered(self) -> int:
        """Events that opted this destination out, or that a rule filtered."""
        return self.events_opted_out + sum(self.filtered_by_rule.values())

    @property
    def events_opted_out(self) -> int:
        """Events that opted this destination out."""
        return self._count("events", "filtered")

    @property
    def filtered_by_rule(self) -> dict[str, int]:
        """Events that a rule filtered, by the rule, the most frequent first."""
        return self._counts(_FILTERED)

    @property
    def events_unusable(self) -> int:
        """Events that are in the dead letters whole, because they can't be read or mapped."""
        records = sum(count for reason, count in self.dead_letters.items() if REASONS[reason].about != "operation")
        return records - self._count("events", "parts_unsent")

    @property
    def unusable_reasons(self) -> dict[str, int]:
        """Reasons of ``events_unusable``; records of parts of events, too, where both have one reason."""
        return {reason: count for reason, count in self.dead_letters.items() if REASONS[reason].about == "event"}

    @property
    def operations_delivered(self) -> int:
        """Operations that Customer.io accepted."""
        return self._count(_DELIVERY, "delivered")

    @property
    def dead_letters(self) -> dict[str, int]:
        """Records by their reason, the most frequent first."""
        return self._counts(_DEAD_LETTERS)

    @property
    def _has_repeated_work(self) -> bool:
        """Whether the runner counted some of its work twice: each file is found once, and read to its end once."""
        found, read = ("files", "matched"), ("files", "read")
        return {found, read} <= self.counters.keys() and self.counters[found] != self.counters[read]

    def lines(self, *, delivers: bool, dead_letters_place: str) -> list[str]:
        """Write the summary for a terminal.

        Args:
            delivers: Whether operations were sent, not only written to files.
            dead_letters_place: Where dead letters went, as a person would look for them.
        """
        if not self.counters:
            return [f"The runner reported no counts. Dead letters, if any, are in {dead_letters_place}"]
        rows = [
            ("events read", self.events_read),
            ("  filtered", self.events_filtered),
            ("    opted out", self.events_opted_out),
            *((f"    {rule}", count) for rule, count in self.filtered_by_rule.items()),
            ("  unusable", self.events_unusable),
            ("  mapped", self.events_read - self.events_filtered - self.events_unusable),
            ("operations of these", self._count("operations", "mapped")),
        ]
        if delivers:
            rows += [
                ("  delivered", self.operations_delivered),
                ("requests", self._count(_DELIVERY, "requests")),
                ("  retried", self._count(_DELIVERY, "retried")),
                ("  mean operations", self._mean("batch_operations")),
                ("  mean bytes", self._mean("batch_bytes")),
                ("  mean milliseconds", self._mean("request_latency_ms")),
                ("seconds throttled", self._count(_DELIVERY, "cumulativeThrottlingSeconds")),
            ]
        rows.append(("dead letters", sum(self.dead_letters.values())))
        lines = [f"  {label:<24}{count:>12,}" for label, count in rows]
        for reason, count in self.dead_letters.items():
            part = " (a part of an event; the rest of it was sent)" if REASONS[reason].about == "part" else ""
            lines.append(f"    {reason:<22}{count:>12,}{part}")
        if self.dead_letters:
            lines.append(f"Dead letters are in {dead_letters_place}")
        lines += self._notes()
        if "recent_event" in self.dead_letters:
            lines.append(
                f"{self.dead_letters['recent_event']:,} events of the last 72 hours were held back, because they could "
                "trigger campaigns.\nTo send them: --input_format=dead_letters --backfill_recent=send, with the dead "
                "letters' files as --input"
            )
        if self.missing:
            names = ", ".join(sorted("/".join(key) for key in self.missing))
            lines.append(f"The runner did not report these counts, which are 0 above: {names}")
        return lines

    def _notes(self) -> Iterator[str]:
        if self._has_repeated_work:
            yield (
                "The runner did a part of its work again and counted it again: the counts above are too high. "
                "Customer.io ignores repeats."
            )
        stitched, old = self._count("events", "stitched"), self._count("events", "old_identifies")
        if stitched:
            yield f"{stitched:,} events of anonymous visitors went under the people who claim them."
        if old:
            yield (
                f"{old:,} identify calls are older than 7 days. Customer.io may ignore them for profiles that have "
                "changed since: docs/backfill.md says how to try it on one person"
            )

    def _counts(self, namespace: str) -> dict[str, int]:
        counts = {name: count for (space, name), count in self.counters.items() if space == namespace and count}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def _mean(self, name: str) -> int:
        return round(self.means.get((_DELIVERY, name), 0.0))

    def _count(self, namespace: str, name: str) -> int:
        return self.counters.get((namespace, name), 0)
