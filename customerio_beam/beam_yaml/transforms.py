"""The transforms, as their providers make them of a config."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import StandardOptions, WorkerOptions

from customerio_beam.beam_yaml.config import (
    ERROR_HANDLING,
    SettingsGroup,
    document,
    error_output,
    read_settings,
    settings_group,
)
from customerio_beam.beam_yaml.rows import (
    DEAD_LETTER_ROW,
    DELIVERED_ROW,
    EVENT_ROW,
    OPERATION_ROW,
    dead_letter_row,
    delivered_row,
    event_row,
    has_operations,
    keyed_operation,
    operation_row,
    payload_of,
)
from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.pipeline.credentials import credentials_source
from customerio_beam.pipeline.job_settings import CredentialsSettings, InputSettings
from customerio_beam.transforms import hold_recent_events, map_to_customerio, parse_events, write_to_customerio
from customerio_beam.transforms.error_handling import FailOnDeadLetters
from customerio_beam.transforms.key_by_person import KeyByPerson
from customerio_beam.transforms.stitch_anonymous import StitchAnonymous

__all__ = ["MapToCustomerIO", "ParseCustomerIOEvents", "SendToCustomerIO"]

_MAPPING = settings_group(MappingSettings)
_PARSING = settings_group(InputSettings, "max_payload_bytes")
_CREDENTIALS = settings_group(CredentialsSettings, "site_id", "site_id_secret", "api_key_secret")
_SENDING = settings_group(InputSettings, "max_payload_bytes", "backfill_recent")
_DELIVERY = settings_group(DeliverySettings)


class _Transform(beam.PTransform):
    """What the three have in common: rows in, rows out, and dead letters by ``error_handling``."""

    def __init__(self, main: str, errors: str | None) -> None:
        super().__init__()
        if errors == main:
            raise ValueError(f"error_handling.output must not be {errors}: that is the name of the other output")
        self._main = main
        self._errors = errors

    def _outputs(self, rows: beam.PCollection, dead_letters: Sequence[beam.PCollection]) -> dict[str, beam.PCollection]:
        merged = dead_letters | "MergeDeadLetters" >> beam.Flatten()
        if self._errors is None:
            _ = merged | "FailOnDeadLetters" >> FailOnDeadLetters()
            return {self._main: rows}
        errors = merged | "MakeDeadLetterRows" >> beam.Map(dead_letter_row).with_output_types(DEAD_LETTER_ROW)
        return {self._main: rows, self._errors: errors}


def _parse(rows: beam.PCollection, mapping: MappingSettings, reading: InputSettings) -> parse_events.ParseResult:
    payloads = rows | "TakePayloads" >> beam.Map(payload_of).with_output_types(bytes)
    parsed: parse_events.ParseResult = payloads | "ParseEvents" >> parse_events.ParseEvents(
        mapping, max_payload_bytes=reading.max_payload_bytes
    )
    return parsed


def _map(parsed: parse_events.ParseResult, mapping: MappingSettings) -> map_to_customerio.MapResult:
    keyed = parsed.events | "KeyByPerson" >> KeyByPerson(mapping)
    mapped: map_to_customerio.MapResult = keyed | "MapToCustomerIO" >> map_to_customerio.MapToCustomerIO(mapping)
    return mapped


class _Parse(_Transform):
    def __init__(self, errors: str | None, mapping: MappingSettings, reading: InputSettings) -> None:
        super().__init__("events", errors)
        self._settings = (mapping, reading)

    def expand(self, rows: beam.PCollection) -> dict[str, beam.PCollection]:
        parsed = _parse(rows, *self._settings)
        events = parsed.events | "MakeEventRows" >> beam.Map(event_row).with_output_types(EVENT_ROW)
        return self._outputs(events, [parsed.dead_letters])


class _Map(_Transform):
    def __init__(self, errors: str | None, mapping: MappingSettings, reading: InputSettings) -> None:
        super().__init__("operations", errors)
        self._mapping = mapping
        self._reading = reading

    def expand(self, rows: beam.PCollection) -> dict[str, beam.PCollection]:
        parsed = _parse(rows, self._mapping, self._reading)
        mapped = _map(parsed, self._mapping)
        operations = mapped.operations | "MakeOperationRows" >> beam.Map(operation_row).with_output_types(OPERATION_ROW)
        return self._outputs(operations, [parsed.dead_letters, mapped.dead_letters])


class _SendSettings(NamedTuple):
    mapping: MappingSettings
    reading: InputSettings
    credentials: CredentialsSettings
    delivery: DeliverySettings


class _Send(_Transform):
    def __init__(self, errors: str | None, settings: _SendSettings, given: frozenset[str]) -> None:
        super().__init__("delivered", errors)
        self._settings = settings
        self._credentials = credentials_source(settings.credentials)
        self._given = given

    def expand(self, rows: beam.PCollection) -> dict[str, beam.PCollection]:
        self._check(rows)
        mapping, reading, _, delivery = self._settings
        if has_operations(rows.element_type):
            operations = rows | "TakeOperations" >> beam.Map(keyed_operation).with_output_types(KeyedOperation)
            dead_letters = []
        else:
            parsed = _parse(rows, mapping, reading)
            mapped = _map(parsed, mapping)
            operations, dead_letters = mapped.operations, [parsed.dead_letters, mapped.dead_letters]
        if rows.is_bounded and reading.backfill_recent == "hold":
            hold = hold_recent_events.HoldRecentEvents(launched_at=time.time())
            held = operations | "HoldRecentEvents" >> hold
            operations = held.operations
            dead_letters.append(held.dead_letters)
        if delivery.anonymous == "stitch":
            operations = operations | "StitchAnonymous" >> StitchAnonymous(mapped.claims, mapping)
        write = write_to_customerio.WriteToCustomerIO(self._credentials, self._shared(rows.pipeline.options))
        written = operations | "WriteToCustomerIO" >> write
        delivered = written.delivered | "MakeDeliveredRows" >> beam.Map(delivered_row).with_output_types(DELIVERED_ROW)
        return self._outputs(delivered, [*dead_letters, written.dead_letters])

    def _check(self, rows: beam.PCollection) -> None:
        """Check what only the pipeline tells.

        Raises:
            ValueError: A setting does not go with the input or the runner.
        """
        kind = "files" if rows.is_bounded else "streams"
        for group in (_SENDING, _DELIVERY):
            for name, declared in group.declared.items():
                if name in self._given and declared.setting.applies_to not in (None, kind):
                    is_for = "unbounded" if rows.is_bounded else "bounded"
                    raise ValueError(f"{name} is for {is_for} input only, and this input is not")
        if has_operations(rows.element_type):
            wrong = [name for name in (*_MAPPING.declared, "max_payload_bytes") if name in self._given]
            if self._settings.delivery.anonymous == "stitch":
                wrong.append("anonymous=stitch")
            if wrong:
                raise ValueError(f"{', '.join(wrong)}: for events only, and the input has operations")
        options = rows.pipeline.options
        credentials = self._settings.credentials
        if "dataflow" in (options.view_as(StandardOptions).runner or "").lower():
            if not credentials.api_key_secret or not (credentials.site_id or credentials.site_id_secret):
                raise ValueError(
                    "on Dataflow, api_key_secret and site_id_secret (or site_id) are needed: workers don't see this "
                    "machine's environment"
                )
            if "rate_workers" not in self._given and not options.view_as(WorkerOptions).max_num_workers:
                raise ValueError(
                    "on Dataflow, --max_num_workers (or rate_workers) is needed: max_requests_per_second is divided "
                    "by it"
                )

    def _shared(self, options: Any) -> DeliverySettings:
        """Divide the rate by the pipeline's workers, where the config does not say by how many."""
        if "rate_workers" in self._given:
            return self._settings.delivery
        workers = options.view_as(WorkerOptions)
        number = workers.max_num_workers or workers.num_workers or 1
        return dataclasses.replace(self._settings.delivery, rate_workers=number)


def _read_config(groups: Sequence[SettingsGroup], config: dict[str, Any]) -> list[Any]:
    """Return the errors' output, then the settings of each group."""
    errors = error_output(config.get(ERROR_HANDLING))
    return [errors, *read_settings(groups, {name: config[name] for name in config if name != ERROR_HANDLING})]


_EVENTS_GROUPS = (_MAPPING, _PARSING)
_SEND_GROUPS = (_MAPPING, _SENDING, _CREDENTIALS, _DELIVERY)


def ParseCustomerIOEvents(**config: Any) -> beam.PTransform:  # noqa: D103, N802  # documented below; a type in YAML
    return _Parse(*_read_config(_EVENTS_GROUPS, config))


def MapToCustomerIO(**config: Any) -> beam.PTransform:  # noqa: D103, N802
    return _Map(*_read_config(_EVENTS_GROUPS, config))


def SendToCustomerIO(**config: Any) -> beam.PTransform:  # noqa: D103, N802
    errors, *settings = _read_config(_SEND_GROUPS, config)
    given = frozenset(name for name, value in config.items() if value is not None)
    return _Send(errors, _SendSettings(*settings), given)


document(
    ParseCustomerIOEvents,
    "ParseCustomerIOEvents",
    "Read events in the Segment spec from rows: of their field payload, or else each row is an event itself. Returns a "
    "row for each event: type, name, user_id, anonymous_id, message_id, time_ms and payload.",
    _EVENTS_GROUPS,
)
document(
    MapToCustomerIO,
    "MapToCustomerIO",
    "Map events in the Segment spec to operations of Customer.io's Track API. Takes rows as ParseCustomerIOEvents "
    "does, and its output. Returns a row for each operation: person_key, time_ms, operation (JSON) and payload.",
    _EVENTS_GROUPS,
)
document(
    SendToCustomerIO,
    "SendToCustomerIO",
    "Deliver events in the Segment spec to Customer.io. Takes rows as ParseCustomerIOEvents does, and the output of "
    "both others. Returns a row for each request: operations, how many it delivered.",
    _SEND_GROUPS,
)
