"""The DoFns that deliver: they wire elements, windows and metrics to ``delivery``."""

from __future__ import annotations

import itertools
import operator
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import BoundedWindow
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from customerio_beam.delivery.batching import KeyedOperation, Value
from customerio_beam.delivery.blocks import Block, RowReader
from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.external_sort import sort_rows
from customerio_beam.delivery.report import Failure, Report
from customerio_beam.delivery.session import DeliverySession
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.delivery.workspace import shared_workspace
from customerio_beam.transforms.batches import Batch
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.delivery_log import DeliveryLog
from customerio_beam.transforms.delivery_metrics import DeliveryMetrics
from customerio_beam.transforms.outputs import counted_dead_letter
from customerio_beam.transforms.rate_limit_service import rate_limit_of

__all__ = ["DeliverOperations", "DeliverShards"]

_PERSON, _TIME = operator.attrgetter("key"), operator.attrgetter("time_ms")
_PERSON_AND_TIME = operator.attrgetter("key", "time_ms")
_VALUE = operator.itemgetter(1)


class _Deliver(beam.DoFn):
    """Delivers what its subclasses hand to ``_write``. Emits how many operations each request delivered.

    Lanes and what belongs to them live from ``setup`` to ``teardown``; a bundle is over only when all its
    operations are answered. Threads never touch Beam: their reports are accounted for on the bundle's thread.
    """

    def __init__(self, source: CredentialsSource, settings: DeliverySettings, clock: Clock) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._session: DeliverySession | None = None

    def setup(self) -> None:
        """Fetch the credentials, join the worker's rate limit, and start the lanes."""
        settings = self._settings
        workspace = shared_workspace(self._source, settings.base_url, settings.secret_max_age_secs)
        self._metrics = DeliveryMetrics(settings.max_in_flight_requests)
        self._log = DeliveryLog(settings.worker_requests_per_second, self._clock)
        self._session = DeliverySession(workspace, rate_limit_of(settings, workspace), settings, self._clock)

    def start_bundle(self) -> None:
        """Begin with empty batches."""
        assert self._session is not None  # noqa: S101  # Beam calls setup first
        self._writer = self._session.start_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        """Send what is left over, and wait for all answers."""
        for report in self._writer.flush():
            yield from self._outputs(report)
        self._log.finish_bundle()

    def teardown(self) -> None:
        """End the lanes and close their connections."""
        if self._session is not None:
            self._log.close()
            self._session.close()

    def _write(self, key: Hashable | None, values: Iterable[Value], timestamp: Any, window: Any) -> Iterator[Any]:
        for report in self._writer.write(key, values, (timestamp, window)):
            yield from self._outputs(report)

    def _outputs(self, report: Report) -> Iterator[Any]:
        """Account for a report: metrics, counts and dead letters, in the windows that the operations came in."""
        self._metrics.count(report)
        self._log.count(report)
        for failure in report.failures:
            timestamp, window = failure.context
            record = self._record(failure)
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, WindowedValue(record, timestamp, (window,)))
        # The operations of one element share one context, and a request has those of few elements.
        counts = Counter(map(id, report.delivered))
        by_window: dict[BoundedWindow, tuple[int, Timestamp]] = {}
        for context_id, context in {id(context): context for context in report.delivered}.items():
            timestamp, window = context
            count, earliest = by_window.get(window, (0, timestamp))
            by_window[window] = (count + counts[context_id], min(earliest, timestamp))
        for window, (count, earliest) in by_window.items():
            yield WindowedValue(count, earliest, (window,))

    def _record(self, failure: Failure) -> bytes:
        event_time_ms, operation, origin = failure.value
        return counted_dead_letter(
            stage="deliver",
            reason=failure.reason,
            detail=failure.detail,
            payload=origin,
            failed_at=self._clock.time(),
            event_time_ms=event_time_ms,
            operation=operation,
            response=None if failure.response is None else failure.response.as_record(),
        )


class DeliverShards(_Deliver):
    """Delivers each shard's operations: each person's in the order of their times, or all of them in that order.

    Args:
        by_person: Whether only each person's operations have an order among them.
    """

    def __init__(self, *arguments: Any, by_person: bool) -> None:
        super().__init__(*arguments)
        self._by_person = by_person

    def process(
        self,
        element: tuple[int, Iterable[Block]],
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[Any]:
        """Deliver one shard's blocks."""
        shard, blocks = element
        reader = RowReader()
        order = _PERSON_AND_TIME if self._by_person else _TIME
        rows = sort_rows(reader.lists(blocks), order, self._settings.max_sort_bytes)
        for key, run in itertools.groupby(rows, _PERSON) if self._by_person else ((shard, rows),):
            yield from self._write(key, reader.values(run), timestamp, window)


class DeliverOperations(_Deliver):
    """Delivers operations in whatever order they come."""

    @beam.DoFn.yields_elements
    def process_batch(
        self,
        batch: list[KeyedOperation],
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[Any]:
        """Deliver a list of operations."""
        return self._write(None, map(_VALUE, batch), timestamp, window)

    def process(
        self,
        element: KeyedOperation,
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[Any]:
        """Deliver one operation."""
        return self._write(None, (element[1],), timestamp, window)

    def get_input_batch_type(self, input_element_type: Any) -> type:
        """Tell Beam the type of the batches."""
        return Batch
