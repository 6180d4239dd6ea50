"""Settings of all tests."""

from __future__ import annotations

import hypothesis

# How long an example takes depends on what else the machine does: no test may fail for it.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")
