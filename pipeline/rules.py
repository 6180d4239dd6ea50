"""The rules of a job: read once at its launch, and checked with all that they need."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from customerio_beam.delivery.credentials import EnvironmentVariable
from customerio_beam.delivery.errors import CredentialsUnavailableError
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.file_patterns import is_local
from customerio_beam.pipeline.options import CustomerIOOptions
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.rules.compiled import Rules
from customerio_beam.rules.hashing import salt_source
from customerio_beam.rules.model import LoadedRules
from customerio_beam.rules.problems import RulesError
from customerio_beam.transforms.file_systems import opened
from customerio_beam.transforms.rules_files import RULES_RESOURCES, read_rules

__all__ = ["checked_rules", "job_rules"]


def job_rules(options: CustomerIOOptions) -> LoadedRules | None:
    """Read the file of ``--rules`` and write its SHA-256 into the options.

    Returns:
        The rules; None where the option isn't given.

    Raises:
        OptionError: The file can't be right, is another one than ``--rules_sha256`` says, or names what is unavailable.
    """
    given = options.rules_settings
    if given.rules is None:
        return None
    with _refused(f"--rules={given.rules}"):
        loaded = read_rules(given.rules, options.mapping_settings)
        if given.rules_sha256 not in (None, loaded.sha256):
            raise OptionError(
                f"--rules={given.rules} has the SHA-256 {loaded.sha256}, and --rules_sha256={given.rules_sha256} is "
                "that of another file."
            )
        _check_resources(loaded, options)
    logger = logging.getLogger(__name__)
    logger.info("The rules are those of %s, with the SHA-256 %s", loaded.file, loaded.sha256)
    for warning in loaded.warnings:
        logger.warning("%s", warning.located(loaded.file))
    options.rules_sha256 = loaded.sha256
    return loaded


def checked_rules(option: str, path: str, settings: MappingSettings) -> LoadedRules:
    """Read a rules file for workers in this process, and check all that it needs.

    Args:
        option: The option that names the file, without its dashes.
        path: Where the file is.
        settings: The job's choices about the mapping.

    Raises:
        OptionError: The file can't be right, or names what is unavailable.
    """
    with _refused(f"--{option}={path}"):
        loaded = read_rules(path, settings)
        Rules(loaded.rules, settings, RULES_RESOURCES)
    return loaded


@contextlib.contextmanager
def _refused(given: str) -> Iterator[None]:
    """Say which option is at fault."""
    try:
        yield
    except RulesError as error:
        raise OptionError(f"{given} can't be used:\n{error}") from None
    except (UnreadableFileError, CredentialsUnavailableError) as error:
        raise OptionError(f"{given}: {error}") from None


def _check_resources(loaded: LoadedRules, options: CustomerIOOptions) -> None:
    """Check what the file names: by fetching it where the workers are in this process."""
    if not options.runs_on_dataflow:
        Rules(loaded.rules, options.mapping_settings, RULES_RESOURCES)
        return
    for rules in (loaded.rules, *loaded.rules.when):
        if rules.people is not None:
            path = rules.people.block
            if is_local(path):
                raise OptionError(f"--rules={loaded.file}: Dataflow's workers can't read people.block: {path}.")
            with opened(path):
                pass
    fields = loaded.rules.fields
    salt = None if fields is None or fields.salt_secret is None else salt_source(fields.salt_secret)
    if isinstance(salt, EnvironmentVariable):
        raise OptionError(
            f"--rules={loaded.file}: Dataflow's workers don't see this machine's environment: name a secret of Secret "
            "Manager in fields.salt_secret."
        )
