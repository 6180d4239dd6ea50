"""Write the Flex Template's metadata from the job's own options: ``python scripts/flex_template_metadata.py``."""

from __future__ import annotations

import argparse
import json
import pathlib
from typing import Any

from customerio_beam.pipeline.arguments import add_arguments

FILE = pathlib.Path(__file__).parents[1] / "flex_template" / "metadata.json"

#: Options that are no parameters: a template is for running the job on Dataflow.
NOT_PARAMETERS = frozenset({"check_connection"})

#: Options of Dataflow that the job can't do without in a template.
_DATAFLOW_PARAMETERS = (
    {
        "name": "max_num_workers",
        "label": "Most workers",
        "helpText": "the most workers there may be; each gets its share of max_requests_per_second",
        "isOptional": False,
        "paramType": "NUMBER",
        "regexes": ["[1-9][0-9]*"],
    },
    {
        "name": "sdk_container_image",
        "label": "Worker image",
        "helpText": "the image of the workers: the same that the template was built with",
        "isOptional": False,
        "paramType": "TEXT",
        "regexes": ["[^ ]+:[^ ]+"],
    },
)
_KINDS = {"input_subscription": "PUBSUB_SUBSCRIPTION", "dead_letter_topic": "PUBSUB_TOPIC"}


def metadata() -> dict[str, Any]:
    """Return the metadata, in the form of Dataflow's ``TemplateMetadata``."""
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    options = [action for action in parser._actions if action.dest not in NOT_PARAMETERS]
    return {
        "name": "Segment events to Customer.io",
        "description": "Delivers analytics events (Segment spec) of a Pub/Sub subscription or of files to Customer.io.",
        "streaming": True,
        "supportsAtLeastOnce": True,
        "supportsExactlyOnce": True,
        "parameters": [*_DATAFLOW_PARAMETERS, *(_parameter(option, parser) for option in options)],
    }


def _parameter(option: argparse.Action, parser: argparse.ArgumentParser) -> dict[str, Any]:
    parameter: dict[str, Any] = {
        "name": option.dest,
        "label": option.dest.replace("_", " ").capitalize(),
        "helpText": (option.help or "") % {"default": option.default, "prog": parser.prog},
        "isOptional": True,
        "paramType": _KINDS.get(option.dest) or _kind(option),
    }
    if option.choices:
        parameter["enumOptions"] = [{"value": choice, "label": choice} for choice in option.choices]
    if option.default is not None:
        parameter["defaultValue"] = _text(option.default)
    return parameter


def _kind(option: argparse.Action) -> str:
    if option.choices:
        return "ENUM"
    if isinstance(option.default, bool):
        return "BOOLEAN"
    return "NUMBER" if option.type in (int, float) else "TEXT"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    FILE.write_text(json.dumps(metadata(), indent=2) + "\n", encoding="utf-8")
