"""What becomes of a transform's dead letters, by the convention of Beam's ``apache_beam.transforms.error_handling``."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

import apache_beam as beam

from customerio_beam.mapping import json_text

__all__ = ["DeadLetterError", "FailOnDeadLetters", "HandlesErrors"]

_Result = TypeVar("_Result")
_Self = TypeVar("_Self", bound="HandlesErrors")

#: Stands for "nobody called ``with_error_handler``", which None does not.
_RESULT_ONLY = object()


class DeadLetterError(ValueError):
    """A pipeline that takes no dead letters has one. The message has its reason and its place, not its payload."""


class FailOnDeadLetters(beam.PTransform):
    """Fail the pipeline at the first dead letter: ``PCollection[bytes]`` (JSON records) to nothing.

    Raises:
        DeadLetterError: While the pipeline runs: there is a dead letter.
    """

    def expand(self, dead_letters: beam.PCollection) -> beam.PCollection:
        """Wire the raising DoFn; see the class."""
        return dead_letters | "Fail" >> beam.ParDo(_Fail())


class _Fail(beam.DoFn):
    def process(self, record: bytes) -> NoReturn:
        fields = json_text.loads(record)
        place = "".join(f" {name}={value!r}" for name, value in _place(fields).items())
        raise DeadLetterError(f"Dead letter {fields['reason']} (stage {fields['stage']}{place}): {fields['detail']}")


def _place(fields: dict[str, Any]) -> dict[str, Any]:
    source = fields["source"] or {}
    return {**source, **({"message_id": fields["message_id"]} if fields["message_id"] else {})}


class HandlesErrors(beam.PTransform):
    """A transform with dead letters, which an ``ErrorHandler`` of Beam's may take.

    Its ``expand`` passes its result, which has ``dead_letters``, through ``handled``.
    """

    _handler: Any = _RESULT_ONLY

    def with_error_handler(self: _Self, error_handler: Any) -> _Self:
        """Give the dead letters to an error handler of Beam's.

        Example:
            ```
            with error_handling.ErrorHandler(WriteSomewhere()) as handler:
                operations | WriteToCustomerIO().with_error_handler(handler)
            ```

        Args:
            error_handler: An ``apache_beam.transforms.error_handling.ErrorHandler``, whose consumer gets records (JSON
                bytes). With None, a dead letter fails the pipeline (``DeadLetterError``), as is Beam's convention.
                Without a call of this method, the dead letters are in the result alone.

        Returns:
            This transform.
        """
        self._handler = error_handler
        return self

    def handled(self, result: _Result) -> _Result:
        """Hand the dead letters of a result on.

        Args:
            result: A result with ``dead_letters``.

        Returns:
            The result, with its dead letters still in it.
        """
        dead_letters: beam.PCollection = result.dead_letters  # type: ignore[attr-defined]
        if self._handler is None:
            _ = dead_letters | "FailOnDeadLetters" >> FailOnDeadLetters()
        elif self._handler is not _RESULT_ONLY:
            self._handler.add_error_pcollection(dead_letters)
        return result
