"""The coder of everything that crosses a shuffle: blocks of events and operations, and nothing of them pickled."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam import coders
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor
from hamcrest import assert_that, equal_to

from customerio_beam.pipeline.build import build_pipeline
from customerio_beam.pipeline.options import parse_options
from customerio_beam.pipeline.read_files import ReadFiles
from customerio_beam.transforms.batch_by_shard import BatchByShard

_BLOCKS = "TupleCoder[VarIntCoder, TupleCoder[VarIntCoder, VarIntCoder, BytesCoder]]"

# A few elements a file: its path and size, its parts, what was read of it.
_FOUND = "TupleCoder[BytesCoder, TupleCoder[BytesCoder, VarIntCoder]]"
_PARTS = (
    "TupleCoder[VarIntCoder, TupleCoder[TupleCoder[BytesCoder, VarIntCoder, VarIntCoder], "
    "NullableCoder[FastPrimitivesCoder], PaneInfoCoder]]"
)
_ACCOUNTS = "TupleCoder[BytesCoder, TupleCoder[StrUtf8Coder, TupleCoder[VarIntCoder, VarIntCoder]]]"
_WRITTEN_FILES = {
    "WriteDeadLetters/Write files/Write/WriteImpl/GroupByKey": "TupleCoder[FastPrimitivesCoder, FastPrimitivesCoder]"
}

_WAIT = "Wait/WaitOn0/GroupByKey"
_PERSON = {
    "WriteToCustomerIO/DeliverAnonymous/GroupByShard": _BLOCKS,
    "WriteToCustomerIO/Deliver/GroupByShard": _BLOCKS,
    f"WriteToCustomerIO/Deliver/{_WAIT}": "FastPrimitivesCoder",  # never has an element
}
_NONE = {
    "WriteToCustomerIO/DeliverClaiming/GroupByShard": _BLOCKS,
    f"WriteToCustomerIO/DeliverClaiming/{_WAIT}": "FastPrimitivesCoder",
}
_STREAM_BATCHES = {"WriteToCustomerIO/Deliver/BatchByShard": _BLOCKS}
_BY_PAYLOAD = {
    "ReadDeadLetters/Take each payload once/GroupByKey": (
        "TupleCoder[TupleCoder[VarIntCoder, BytesCoder], StrUtf8Coder]"
    )
}
_STREAM = (
    "--input_subscription=projects/project-1/subscriptions/events",
    "--dead_letter_topic=projects/project-1/topics/failed",
)


def _reading(place: str) -> dict[str, str]:
    return {
        f"{place}/Take each file once": _FOUND,
        f"{place}/Spread parts/ReshufflePerKey/GroupByKey": _PARTS,
        f"{place}/Group by file/CoGroupByKeyImpl/GroupByKey": _ACCOUNTS,
    }


_READING_EVENTS = _reading("ReadEvents")
_READING_DEAD_LETTERS = _reading("ReadDeadLetters/Read records")


class _Shuffles(PipelineVisitor):
    """Collects the coder of what each shuffle takes, by the shuffle's label."""

    def __init__(self) -> None:
        self.coders: dict[str, coders.Coder] = {}

    def visit_transform(self, node: AppliedPTransform) -> None:
        self._add(node)

    def enter_composite_transform(self, node: AppliedPTransform) -> None:
        self._add(node)

    def _add(self, node: AppliedPTransform) -> None:
        # State is shuffled by key like a GroupByKey's elements.
        is_stateful = isinstance(node.transform, beam.ParDo) and isinstance(node.transform.fn, BatchByShard)
        if is_stateful or isinstance(node.transform, beam.GroupByKey):
            [taken] = node.inputs
            self.coders[node.full_label] = coders.registry.get_coder(taken.element_type)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--input=events/*",), {**_READING_EVENTS, **_PERSON, **_WRITTEN_FILES}),
        (("--input=events/*", "--ordering=none"), {**_READING_EVENTS, **_NONE, **_WRITTEN_FILES}),
        (
            ("--input=failed/*", "--input_format=dead_letters"),
            {**_READING_DEAD_LETTERS, **_BY_PAYLOAD, **_PERSON, **_WRITTEN_FILES},
        ),
        (_STREAM, _STREAM_BATCHES),
    ],
    ids=["backfill", "unordered backfill", "replay", "stream"],
)
def test_each_shuffle_has_the_coder_named_here(
    arguments: tuple[str, ...], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_that({label: str(coder) for label, coder in _shuffles(arguments, monkeypatch).items()}, equal_to(expected))


@pytest.mark.parametrize("arguments", [("--input=events/*",), _STREAM], ids=["backfill", "stream"])
def test_operations_are_keyed_deterministically(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    found = _shuffles(arguments, monkeypatch)

    shuffled = [
        coder for label, coder in found.items() if label.startswith("WriteToCustomerIO/") and _WAIT not in label
    ]
    assert_that([coder.key_coder().is_deterministic() for coder in shuffled], equal_to([True] * len(shuffled)))


class _Reshuffles(PipelineVisitor):
    """Collects the coders of what each reshuffle takes and gives, by its label."""

    def __init__(self) -> None:
        self.coders: dict[str, tuple[str, str]] = {}

    def enter_composite_transform(self, node: AppliedPTransform) -> None:
        if isinstance(node.transform, beam.Reshuffle):
            both = (*node.inputs, *node.outputs.values())
            taken, given = (str(coders.registry.get_coder(each.element_type)) for each in both)
            self.coders[node.full_label] = taken, given


def test_a_runner_can_reshuffle_by_itself() -> None:
    """Flink's does, without Beam's steps in between: it hands on the bytes that it takes."""
    reshuffles = _Reshuffles()
    pipeline = beam.Pipeline("FnApiRunner")
    _ = pipeline | ReadFiles(["events/*"])
    pipeline.visit(reshuffles)
    coder = "TupleCoder[BytesCoder, VarIntCoder, VarIntCoder]"
    assert_that(reshuffles.coders, equal_to({"ReadFiles/Spread parts": (coder, coder)}))


def _shuffles(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> dict[str, coders.Coder]:
    monkeypatch.setenv("CUSTOMERIO_SITE_ID", "site")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "key")
    options = parse_options(arguments)
    pipeline = beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner", "--streaming"]))
    build_pipeline(pipeline, options)
    shuffles = _Shuffles()
    pipeline.visit(shuffles)
    return shuffles.coders
