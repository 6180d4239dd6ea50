from __future__ import annotations

import pytest

from customerio_beam.reading import cursor, events, framing, lines, survey, values


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets texts of a few hundred bytes take the ways of large ones."""
    for module in (lines, values, survey, framing):
        monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    for module in (cursor, values, events):
        monkeypatch.setattr(module, "HEAD_BYTES", 16)
