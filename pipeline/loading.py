"""Loading the modules of a run: Beam's and Google's are a quarter of a million objects."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

__all__ = ["loading"]

#: Objects that are made, less those that are freed, between two collections of the youngest ones (Python's: 700). The
#: events of a batch are no garbage in cycles: to look at them seldom is enough.
_COLLECTION_THRESHOLD = 200_000


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Keep garbage collection from what is loaded during a ``with`` block, and let it be rare afterwards.

    Modules never become garbage. To look at them while they are loaded takes a tenth of that time, and to look at them
    in every full collection takes a run of a few minutes up to a fifth of its time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_COLLECTION_THRESHOLD)
        gc.enable()
