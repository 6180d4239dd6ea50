"""Property tests without deadlines: on a busy machine an example may be slow, which says nothing about the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("mapping", deadline=None)
settings.load_profile("mapping")
