"""``python -m customerio_beam.beam_yaml`` prints the path of the provider file, for a pipeline's ``include``."""

from __future__ import annotations

from pathlib import Path

if __name__ == "__main__":
    print(Path(__file__).with_name("providers.yaml"))
