"""Why a job failed, in the one sentence that the failing part has for the user."""

from __future__ import annotations

import re

from customerio_beam.delivery import errors
from customerio_beam.delivery.errors import DeliveryError
from customerio_beam.pipeline.errors import WorkerEndedError
from customerio_beam.reading.errors import IncompleteReadError, UnreadableFileError

__all__ = ["failure_sentence"]

_OTHERS = (UnreadableFileError, IncompleteReadError, WorkerEndedError)
_NAMES = "|".join([*errors.__all__, *(error.__name__ for error in _OTHERS)])
# Some runners hand a worker's error over as text: the class's name and its message.
_IN_TEXT = re.compile(rf"\b(?:{_NAMES}): (.+)")
# What a job server says of a job that failed, as Beam's ``PortableRunner`` raises it.
_OF_JOB_SERVER = re.compile(r"Pipeline \S+ failed in state \w+: (.+)", re.DOTALL)
# Beam adds the failing step's name to the message.
_STEP = re.compile(r" \[while running .*", re.DOTALL)


def failure_sentence(error: BaseException) -> str | None:
    """Find the user's sentence in what a runner raised.

    Returns:
        The sentence; None where the failure is not one that the job explains.
    """
    if isinstance(error, (DeliveryError, *_OTHERS)):
        return _STEP.sub("", str(error))
    sentences = _IN_TEXT.findall(str(error))
    if sentences:
        return _STEP.sub("", sentences[-1])
    if told := _OF_JOB_SERVER.match(str(error)):
        return told[1]
    return failure_sentence(error.__cause__) if error.__cause__ is not None else None
