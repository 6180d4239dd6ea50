"""Rows of tables to JSON: the values that Parquet, Avro, BigQuery and Beam's rows hold, as JSON has them."""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from customerio_beam.mapping import json_text

__all__ = ["fields_of", "json_of", "json_value"]


def json_of(value: Any) -> bytes:
    """Write a row, or a value of one, as UTF-8 JSON.

    Args:
        value: See ``json_value``.

    Returns:
        JSON text. Numbers that JSON has not (infinities) and halves of surrogate pairs are in it as Python writes them,
        so that the reader of events names them in a dead letter.
    """
    return json_text.dumps(json_value(value))


def json_value(value: Any) -> Any:
    """Turn a row, or a value of one, into what ``json_text.dumps`` writes.

    Tables have a column for each field that any of their rows has, so fields without a value are left out at any
    depth: null, NaN and NaT (pandas' word for null). Members of lists stay.

    Args:
        value: A mapping, a named tuple, a Beam ``Row``, a list, text, a number (also ``decimal.Decimal`` and numpy's),
            bytes, a date or time, or None.

    Returns:
        The value in plain types. Dates and times are ISO 8601 (UTC where they name no zone), bytes are text where they
        are UTF-8, and base64 else, as BigQuery writes them. Values of other types become their ``str()``.
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return value if value.isascii() else _text(value)
    fields = fields_of(value)
    if fields is not None:
        return {str(name): json_value(each) for name, each in fields.items() if not _is_missing(each)}
    if isinstance(value, (list, tuple)):
        return [json_value(each) for each in value]
    return _scalar(value)


def fields_of(value: Any) -> Mapping[str, Any] | None:
    """Return the fields of a mapping, a named tuple, a Beam ``Row``, or a Parquet map; None of anything else."""
    if isinstance(value, Mapping):
        return value
    if hasattr(value, "_asdict"):  # named tuples and Beam's rows
        fields: dict[str, Any] = value._asdict()
        return fields
    if isinstance(value, list) and value and all(_is_entry(each) for each in value):
        return dict(value)
    return None


def _is_entry(value: Any) -> bool:
    """Tell whether this is a map's entry: pyarrow has tuples for these alone, and lists for lists."""
    return type(value) is tuple and len(value) == 2 and isinstance(value[0], str)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, (float, datetime.datetime)) and value != value)  # noqa: PLR0124  # NaN


def _text(value: str) -> Any:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return msgspec.Raw(json.dumps(value).encode("ascii"))
    return value


def _scalar(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return json_value(value.tolist())
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _bytes(bytes(value))
    if hasattr(value, "to_utc_datetime"):  # Beam's timestamps
        value = value.to_utc_datetime(has_tz=True)
    if _is_missing(value):
        return None
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo is not None else value.replace(tzinfo=datetime.timezone.utc)).isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (float, decimal.Decimal)):
        return _number(value)
    return value if isinstance(value, int) else str(value)


def _bytes(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")


def _number(value: float | decimal.Decimal) -> Any:
    if isinstance(value, decimal.Decimal) and value.is_nan():
        return None
    if math.isinf(value):
        return msgspec.Raw(b"-Infinity" if value < 0 else b"Infinity")
    return msgspec.Raw(str(value).encode("ascii")) if isinstance(value, decimal.Decimal) else value
