"""Write the Flex Template's metadata, made from the job's own options: ``flex_template_metadata.py FILE``."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

from customerio_beam.pipeline.arguments import GROUPS, default_text, options
from customerio_beam.setting import Declaration

#: Options that are not parameters: a template runs the job on Dataflow.
_NOT_PARAMETERS = frozenset({"check_connection"})

#: Options of Dataflow that the job needs in a template.
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
_PUBSUB_KINDS = {"input_subscription": "PUBSUB_SUBSCRIPTION", "dead_letter_topic": "PUBSUB_TOPIC"}
_KINDS = {bool: "BOOLEAN", int: "NUMBER", float: "NUMBER", str: "TEXT"}


def metadata() -> dict[str, Any]:
    """Return the metadata, in the form of Dataflow's ``TemplateMetadata``."""
    declared = [option for settings_class in GROUPS.values() for option in options(settings_class)]
    return {
        "name": "Segment events to Customer.io",
        "description": "Delivers analytics events (Segment spec) of a Pub/Sub subscription or of files to Customer.io.",
        "streaming": True,
        "supportsAtLeastOnce": True,
        "supportsExactlyOnce": True,
        "parameters": [
            *_DATAFLOW_PARAMETERS,
            *(_parameter(option) for option in declared if option.name not in _NOT_PARAMETERS),
        ],
    }


def _parameter(option: Declaration) -> dict[str, Any]:
    parameter: dict[str, Any] = {
        "name": option.name,
        "label": option.name.replace("_", " ").capitalize(),
        "helpText": option.setting.help,
        "isOptional": True,
        "paramType": "ENUM" if option.choices else _PUBSUB_KINDS.get(option.name) or _KINDS[option.type],
    }
    if option.choices:
        parameter["enumOptions"] = [{"value": choice, "label": choice} for choice in option.choices]
    default = default_text(option)
    if default:
        parameter["defaultValue"] = default
    return parameter


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).write_text(json.dumps(metadata(), indent=2) + "\n", encoding="utf-8")
