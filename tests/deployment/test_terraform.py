"""The Terraform module: its syntax, its resources' arguments, and that it names what the code and the docs have.

Providers come from Terraform's registry alone, and ``validate`` needs them. So the arguments are compared with
``google_provider_schema.json``: those of the module's resources in version 6.50 of the providers, each with whether it
must be given.
"""

from __future__ import annotations

import ast
import json
import pathlib
import re
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import hcl2
import promql_parser
import pytest
from hamcrest import assert_that, contains_inanyorder, empty, equal_to, greater_than, has_entries, has_item, is_in, not_

import customerio_beam
from customerio_beam.reasons import REASONS
from customerio_beam.transforms.delivery_metrics import DeliveryMetrics
from scripts import flex_template_metadata
from tests.integration.tools import tool

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
MODULE = ROOT / "terraform"
SCHEMA = json.loads((HERE / "google_provider_schema.json").read_text(encoding="utf-8"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(MODULE.glob("*.tf"))}
ALERTS = json.loads((MODULE / "alerts.json").read_text(encoding="utf-8"))
DASHBOARD = (MODULE / "dashboard.json").read_text(encoding="utf-8")

#: What every resource takes besides its own arguments.
META_ARGUMENTS = {"count", "for_each", "provider", "depends_on", "lifecycle"}
#: What Dataflow makes of a distribution: one counter for each.
SUFFIX = re.compile(r"_(MEAN|COUNT|MAX|MIN)$")


class Resource(NamedTuple):
    kind: str
    name: str
    fields: dict[str, Any]


def unquoted(value: Any) -> Any:
    """Return what the parser found, without the quotes and comments that it keeps."""
    if isinstance(value, str):
        return value.strip('"')
    if isinstance(value, list):
        return [unquoted(each) for each in value]
    if isinstance(value, dict):
        return {unquoted(key): unquoted(each) for key, each in value.items() if not key.startswith("__")}
    return value


def blocks(kind: str) -> Iterator[dict[str, Any]]:
    for text in TEXTS.values():
        yield from unquoted(hcl2.loads(text)).get(kind, [])


def resources() -> list[Resource]:
    found = [(each, "resource") for each in blocks("resource")] + [(each, "data") for each in blocks("data")]
    return [
        Resource(kind, name, fields)
        for each, _ in found
        for kind, named in each.items()
        for name, fields in named.items()
    ]


def problems(fields: dict[str, Any], schema: dict[str, Any], place: str) -> Iterator[str]:
    """Yield what a schema refuses."""
    for name, value in fields.items():
        if name not in schema:
            yield f"{place} has no argument {name}"
        elif isinstance(schema[name], dict) != (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
            yield f"{place}.{name} must be {'a block' if isinstance(schema[name], dict) else 'an argument'}"
        elif isinstance(schema[name], dict):
            for each in value:
                yield from problems(each, schema[name]["fields"], f"{place}.{name}")
    for name, rule in schema.items():
        required = rule["required"] if isinstance(rule, dict) else rule
        if required and name not in fields:
            yield f"{place} needs {name}"


@pytest.mark.parametrize("resource", resources(), ids=lambda resource: f"{resource.kind}.{resource.name}")
def test_a_resource_has_the_arguments_that_its_provider_takes(resource: Resource) -> None:
    own = {name: value for name, value in resource.fields.items() if name not in META_ARGUMENTS}
    assert_that(list(problems(own, SCHEMA[resource.kind], resource.kind)), empty())


def test_what_a_schema_refuses_is_found() -> None:
    schema = {"name": True, "size": False, "rule": {"required": True, "fields": {"age": True}}}
    assert_that(list(problems({"name": "n", "rule": [{"age": 1}]}, schema, "x")), empty())
    assert_that(
        list(problems({"nmae": "n", "size": [{"a": 1}], "rule": [{}]}, schema, "x")),
        contains_inanyorder("x has no argument nmae", "x.size must be an argument", "x.rule needs age", "x needs name"),
    )


def test_every_reference_leads_to_something_that_is_declared() -> None:
    text = "".join(TEXTS.values())
    declared = {f"{resource.kind}.{resource.name}" for resource in resources()}
    named = set(re.findall(r"(?<![\w.\"/])(google_\w+\.\w+)(?=[\w.\[\],)\s])", re.sub(r"#.*", "", text)))
    assert_that(named - declared, empty())
    variables = {name for each in blocks("variable") for name in each}
    assert_that(set(re.findall(r"\bvar\.(\w+)", text)), equal_to(variables))
    local_names = {name for each in blocks("locals") for name in each}
    assert_that(set(re.findall(r"\blocal\.(\w+)", text)), equal_to(local_names))


def test_the_templates_placeholders_are_what_the_module_fills_in() -> None:
    [monitored] = [each["monitored"] for each in blocks("locals") if "monitored" in each]
    named = set(re.findall(r"\$\{(\w+)\}", DASHBOARD + json.dumps(ALERTS)))
    assert_that(named, equal_to(set(monitored)))


@pytest.mark.integration
@pytest.mark.parametrize("file", TEXTS)
def test_the_files_are_formatted(file: str) -> None:
    ran = subprocess.run([tool("hclfmt"), "-require-no-change", MODULE / file], capture_output=True, check=False)
    assert_that((ran.stderr, ran.returncode), equal_to((b"", 0)))


# ---------------------------------------------------------------------------------------------------- the job


def job() -> dict[str, Any]:
    [fields] = [resource.fields for resource in resources() if resource.kind == "google_dataflow_flex_template_job"]
    return fields


def test_stopping_the_job_drains_it() -> None:
    assert_that(job(), has_entries(on_delete="drain", skip_wait_on_job_termination=False, enable_streaming_engine=True))


def test_the_jobs_parameters_are_the_templates() -> None:
    [parameters] = re.findall(r"parameters = merge\(\s*\{(.*?)\}", TEXTS["job.tf"], re.DOTALL)
    given = re.findall(r"^\s*(\w+)\s*=", parameters, re.MULTILINE)
    template = {parameter["name"] for parameter in flex_template_metadata.metadata()["parameters"]}
    assert_that([name for name in given if name not in template], empty())
    assert_that(given, has_item("dead_letter_topic"))


def test_the_replays_options_are_the_scripts() -> None:
    [replay] = [each["replay"]["value"] for each in blocks("output") if "replay" in each]
    named = set(re.findall(r"--(\w+)", replay))
    text = (ROOT / "run_dataflow.sh").read_text(encoding="utf-8")
    assert_that([name for name in named if f"--{name}" not in text and name != "input_format"], empty())
    assert_that(len(named), greater_than(5))


# ------------------------------------------------------------------------------------------------------ roles


def granted(suffix: str) -> set[str]:
    """Return the roles of the resources whose name begins so."""
    text = "\n".join(TEXTS["accounts.tf"].split("\n}\n"))
    found: set[str] = set()
    for block in re.split(r"\n(?=resource |locals )", text):
        if re.match(rf'resource "\w+" "{suffix}', block) or (suffix == "launchers" and "launcher_roles = {" in block):
            found |= set(re.findall(r'"(roles/[\w.]+)"', block))
    return found


def documented(heading: str) -> set[str]:
    text = (ROOT / "docs" / "dataflow.md").read_text(encoding="utf-8")
    [table] = re.findall(rf"The \*\*{heading}\*\* needs these.*?\n\n(\|.*?)\n\n", text, re.DOTALL)
    return set(re.findall(r"`(roles/[\w.]+)`", table))


def test_the_workers_have_the_roles_of_the_docs_and_no_others() -> None:
    assert_that(granted("workers"), equal_to(documented("workers' account")))


def test_launchers_have_the_roles_of_the_docs_that_are_for_launching() -> None:
    building = {"roles/cloudbuild.builds.editor", "roles/artifactregistry.writer", "roles/storage.objectViewer"}
    assert_that(granted("launchers"), equal_to(documented("launching account") - building))


def test_nobody_gets_a_role_of_owners() -> None:
    basic = re.findall(r"roles/(?:owner|editor|viewer)\b", "".join(TEXTS.values()))
    assert_that(basic, empty())


def test_no_secrets_value_is_in_the_module() -> None:
    assert_that([resource.kind for resource in resources()], not_(has_item("google_secret_manager_secret_version")))


# -------------------------------------------------------------------------------------------------- the metrics


def code_metrics() -> tuple[set[str], set[str]]:
    """Return the names of the code's counters and distributions."""
    found: dict[str, set[str]] = {"counter": set(REASONS), "distribution": set()}
    for folder in pathlib.Path(customerio_beam.__file__).parent.iterdir():
        for path in folder.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in found:
                    name = node.args[1] if len(node.args) == 2 else None
                    if isinstance(name, ast.Constant) and isinstance(name.value, str):
                        found[node.func.attr].add(name.value)
    # Beam itself names the counter of throttled seconds.
    signal = vars(DeliveryMetrics(1))["_throttling"].throttling_metric
    found["counter"].add(signal.metric_name.name)
    return found["counter"], found["distribution"]


def metrics_of(queries: str) -> set[str]:
    return set(re.findall(r'metric_name=\\*"(\w+)', queries))


def charts(value: Any) -> Iterator[str]:
    """Yield the queries of a dashboard."""
    if isinstance(value, dict):
        yield from (query for key, query in value.items() if key == "prometheusQuery")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from charts(each)


@pytest.mark.parametrize("queries", [json.dumps(ALERTS), DASHBOARD], ids=["alerts", "dashboard"])
def test_every_metric_of_a_query_is_one_of_the_codes(queries: str) -> None:
    counters, distributions = code_metrics()
    named = metrics_of(queries)
    wrong = [
        name
        for name in named
        if (SUFFIX.sub("", name) not in distributions if SUFFIX.search(name) else name not in counters)
    ]
    assert_that(wrong, empty(), "rename them in terraform/ too: a query of a metric that is missing says nothing")
    assert_that(len(named), greater_than(5))


def test_the_codes_metrics_are_found() -> None:
    counters, distributions = code_metrics()
    assert_that({"delivered", "read", "rejected", "cumulativeThrottlingSeconds"} - counters, empty())
    assert_that(distributions, equal_to({"request_latency_ms", "batch_bytes", "batch_operations"}))


def test_every_alert_of_the_docs_is_there() -> None:
    text = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
    [table] = re.findall(r"\| metric \| kind \|.*?\n\n", text, re.DOTALL)
    rows = re.findall(r"^\| `(?:\w+/)?(\w+)` \|", table, re.MULTILINE)
    # Their alert is for backfills, which nobody has to be woken for.
    wanted = set(rows) - {"batch_bytes", "batch_operations"}
    there = {SUFFIX.sub("", name) for name in metrics_of(json.dumps(ALERTS))}
    assert_that(wanted - there, empty())
    google = re.findall(
        r"^\| `(pubsub|dataflow)\.googleapis\.com/(\w+)/(\w+)`", (ROOT / "docs/dataflow.md").read_text(), re.M
    )
    for service, resource, metric in google:
        assert_that(json.dumps(ALERTS).count(f"{service}_googleapis_com:{resource}_{metric}"), greater_than(0), metric)


def test_the_dashboard_is_a_grid_without_overlaps() -> None:
    tiles = json.loads(DASHBOARD)["mosaicLayout"]["tiles"]
    cells = [
        (x, y)
        for tile in tiles
        for x in range(tile["xPos"], tile["xPos"] + tile["width"])
        for y in range(tile["yPos"], tile["yPos"] + tile["height"])
    ]
    assert_that(len(set(cells)), equal_to(len(cells)))


@pytest.mark.parametrize("query", [*(alert["query"] for alert in ALERTS.values()), *charts(json.loads(DASHBOARD))])
def test_a_query_is_promql(query: str) -> None:
    promql_parser.parse(re.sub(r"\$\{\w+\}", "1", query))


@pytest.mark.parametrize("query", [*(alert["query"] for alert in ALERTS.values()), *charts(json.loads(DASHBOARD))])
def test_a_query_is_about_this_job_or_its_subscriptions(query: str) -> None:
    selectors = re.findall(r"googleapis_com:\w+\{([^}$]*(?:\$\{\w+\}[^}$]*)*)\}", query)
    about = [re.findall(r'(job_name|subscription_id)="\$\{(\w+)\}"', selector) for selector in selectors]
    assert_that(about, not_(has_item([])))
    for [(label, placeholder)] in about:
        assert_that(placeholder, is_in({"job_name"} if label == "job_name" else {"subscription", "dead_subscription"}))
