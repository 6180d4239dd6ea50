"""The list of people that ``--ids`` names."""

from __future__ import annotations

from customerio_beam.mapping.settings import IdentifyBy
from customerio_beam.people.listing import ListError, PersonList, read_people
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.read_files import open_file
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.transforms.file_systems import reason_of
from customerio_beam.visible import visible

__all__ = ["open_people"]


def open_people(path: str, identify_by: IdentifyBy) -> PersonList:
    """Read the list at a path or URL.

    Raises:
        OptionError: It can't be read, or is no list of people.
    """
    try:
        with open_file(path) as file:
            return read_people(file, path, identify_by)
    except (ListError, UnreadableFileError) as error:
        raise OptionError(f"--ids={error}") from None
    except Exception as error:  # each file system raises what its library does
        raise OptionError(f"--ids={visible(path)} can't be read: {reason_of(error)}.") from error
