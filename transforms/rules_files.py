"""A rules file and what it names, read through Beam's file systems (local paths, ``gs://``, ...)."""

from __future__ import annotations

from typing import Final

from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.rules.blocklist import Blocklist, shared_blocklist
from customerio_beam.rules.compiled import Resources
from customerio_beam.rules.document import MAX_BYTES
from customerio_beam.rules.hashing import salt_source
from customerio_beam.rules.load import load_rules
from customerio_beam.rules.model import LoadedRules
from customerio_beam.transforms.file_systems import opened

__all__ = ["RULES_RESOURCES", "read_rules"]


def read_rules(path: str, settings: MappingSettings | None = None) -> LoadedRules:
    """Read a rules file and check all of it.

    Args:
        path: A local path, or one of a file system that Beam knows, such as ``gs://bucket/rules.yaml``.
        settings: The job's choices about the mapping: which fields identify a person.

    Raises:
        UnreadableFileError: The file can't be read.
        RulesError: It can't be right; the error lists all problems with their places.
    """
    with opened(path) as file:
        data = file.read(MAX_BYTES + 1)
    return load_rules(path, data, settings)


class _Files:
    """Blocklists and salts, fetched by the process that uses them. A process holds each blocklist once."""

    def blocklist(self, path: str) -> Blocklist:
        return shared_blocklist(path, opened)

    def salt(self, source: str) -> str:
        return salt_source(source).fetch()


#: What compiled rules need in a pipeline.
RULES_RESOURCES: Final[Resources] = _Files()
