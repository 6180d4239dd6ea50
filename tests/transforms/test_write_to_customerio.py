import json
import logging
import pickle
import random
import threading
from collections import defaultdict

import apache_beam as beam
import pytest
from apache_beam.coders import coders, typecoders
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing import test_stream
from apache_beam.testing.util import assert_that as assert_collection
from apache_beam.testing.util import equal_to as same_elements
from apache_beam.transforms.window import FixedWindows, IntervalWindow, TimestampedValue
from hamcrest import assert_that, contains_string, equal_to, has_item, has_length, is_in, less_than, not_

from customerio_beam.delivery.clock import SystemClock
from customerio_beam.delivery.credentials import CredentialsSource, EnvironmentVariable, Literal
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms.batch_by_shard import BatchByShard
from customerio_beam.transforms.write_to_customerio import WriteToCustomerIO
from tests.helpers.fake_customerio import OK, Respond, errors, fake_customerio

Value = tuple[int, bytes, bytes]
Keyed = tuple[bytes, Value]
SOURCE = CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY"))


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "hush-hush")


class NoBackoff(SystemClock):
    """Waits for the budget alone, whose waits are short here."""

    def wait(self, seconds, cancelled):
        super().wait(min(seconds, 0.3), cancelled)


def keyed(person, event_time_ms, name=None, size=0):
    name = name or f"{person}-{event_time_ms}"
    operation = {"type": "person", "action": "event", "identifiers": {"id": person}, "name": name}
    if size:
        operation["attributes"] = {"a": "x" * size}
    payload = {"messageId": f"message {name}", "userId": person}
    return person.encode().ljust(16), (event_time_ms, json.dumps(operation).encode(), json.dumps(payload).encode())


def write_to(fake, **settings):
    settings = {"max_requests_per_second": 100_000, **settings}
    return WriteToCustomerIO(SOURCE, DeliverySettings(track_endpoint=fake.url, **settings), clock=NoBackoff())


def deliver(fake, elements, check=None, **settings):
    """Run a bounded pipeline; ``check`` gets its ``WriteResult``. Returns the metrics of the transform."""
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        result = pipeline | beam.Create(elements).with_output_types(Keyed) | write_to(fake, **settings)
        if check is not None:
            check(result)
    return metrics_of(pipeline.result)


def metrics_of(result):
    metrics = result.metrics().query()
    found = metrics["counters"] + metrics["distributions"]
    return {
        metric.key.metric.name: metric.result for metric in found if metric.key.metric.namespace == "WriteToCustomerIO"
    }


def names_by_person(fake):
    by_person = defaultdict(list)
    for request in fake.received:
        for operation in request.operations:
            by_person[operation["identifiers"]["id"]].append(operation["name"])
    return dict(by_person)


def dead_letters_are(*expected):
    """Check that there are exactly these dead letters, in order of message id, as far as the given fields go."""

    def matches(actual):
        records = sorted((json.loads(record) for record in actual), key=lambda record: record["message_id"])
        found = [{name: record[name] for name in fields} for record, fields in zip(records, expected, strict=True)]
        assert_that(found, equal_to(list(expected)))

    return lambda result: assert_collection(result.dead_letters, matches)


def test_each_persons_operations_go_out_in_event_time_order():
    elements = [keyed(f"p{person}", time) for person in range(20) for time in range(50)]
    random.Random(1).shuffle(elements)
    with fake_customerio() as fake:
        deliver(fake, elements, max_batch_operations=30)
    assert_that(names_by_person(fake), equal_to({f"p{n}": [f"p{n}-{time}" for time in range(50)] for n in range(20)}))


def test_without_ordering_every_operation_goes_out_once():
    elements = [keyed(f"p{person}", time) for person in range(5) for time in range(20)]
    with fake_customerio() as fake:
        deliver(fake, elements, ordering="none")
    assert_that(sorted(fake.accepted_names), equal_to(sorted(f"p{p}-{t}" for p in range(5) for t in range(20))))


def test_a_person_with_more_operations_than_fit_in_memory_is_delivered_in_order():
    times = list(range(3000))
    random.Random(1).shuffle(times)
    with fake_customerio() as fake:
        deliver(fake, [keyed("p", time, size=500) for time in times], max_sort_bytes=1_000_000)
    assert_that(names_by_person(fake), equal_to({"p": [f"p-{time}" for time in range(3000)]}))


def test_a_large_event_goes_by_v1_in_its_persons_order():
    with fake_customerio() as fake:
        deliver(fake, [keyed("p", 1), keyed("p", 2, size=40_000), keyed("p", 3)])
    assert_that(
        [(request.path, request.names) for request in fake.received],
        equal_to(
            [
                ("/api/v2/batch", ["p-1"]),
                ("/api/v1/customers/p/events", ["p-2"]),
                ("/api/v2/batch", ["p-3"]),
            ]
        ),
    )


def test_one_bundle_keeps_eight_requests_in_flight():
    together = threading.Barrier(8, timeout=20)

    def respond(request):
        together.wait()
        return OK

    with fake_customerio(respond) as fake:
        deliver(fake, [keyed(f"p{n}", 0) for n in range(80)], max_batch_operations=10)
    assert_that(fake.received, has_length(8))


def test_the_result_counts_what_was_delivered():
    def check(result):
        assert_collection(result.delivered | beam.CombineGlobally(sum), same_elements([70]))

    with fake_customerio() as fake:
        deliver(fake, [keyed(f"p{n}", 0) for n in range(70)], check, max_batch_operations=20)


def refuse(*names):
    def respond(request):
        indices = [index for index, name in enumerate(request.names) if name in names]
        return errors(207, *({"batch_index": i, "reason": "invalid", "field": "f", "message": "m"} for i in indices))

    return respond


def test_a_refused_operation_becomes_a_dead_letter_with_all_that_is_needed_to_send_it_again():
    key, (time, operation, payload) = keyed("p", 5)
    expected = {
        "stage": "deliver",
        "reason": "rejected",
        "detail": "m",
        "retryable": False,
        "message_id": "message p-5",
        "event_time_ms": 5,
        "payload": payload.decode(),
        "operation": json.loads(operation),
        "response": {"status": 207, "reason": "invalid", "field": "f", "message": "m"},
    }
    with fake_customerio(refuse("p-5")) as fake:
        deliver(fake, [(key, (time, operation, payload)), keyed("p", 6)], dead_letters_are(expected))


def test_exhausted_retries_are_retryable_dead_letters_where_that_is_asked_for():
    expected = {"reason": "retries_exhausted", "retryable": True}
    with fake_customerio(lambda request: Respond(503)) as fake:
        deliver(fake, [keyed("p", 1)], dead_letters_are(expected), on_exhausted="dead_letter", max_retry_secs=1)


@pytest.mark.parametrize("ordering", ["person", "none"])
def test_dead_letters_stay_in_the_window_of_their_event(ordering):
    class WithWindow(beam.DoFn):
        def process(self, record, window=beam.DoFn.WindowParam):
            yield window, json.loads(record)["message_id"]

    elements = [TimestampedValue(keyed("p", second * 1000), second) for second in (1, 2, 61, 62, 121)]
    expected = [(IntervalWindow(0, 60), "message p-2000"), (IntervalWindow(60, 120), "message p-61000")]
    with fake_customerio(refuse("p-2000", "p-61000")) as fake, beam.Pipeline(runner=FnApiRunner()) as pipeline:
        result = (
            pipeline
            | beam.Create(elements)
            | beam.Map(lambda element: element).with_output_types(Keyed)
            | beam.WindowInto(FixedWindows(60))
            | write_to(fake, ordering=ordering)
        )
        assert_collection(
            result.dead_letters | beam.ParDo(WithWindow()) | "Rejoin" >> beam.WindowInto(beam.window.GlobalWindows()),
            same_elements(expected),
        )


def test_dead_letters_keep_the_timestamp_of_their_event_where_nothing_is_grouped():
    class WithTimestamp(beam.DoFn):
        def process(self, record, timestamp=beam.DoFn.TimestampParam):
            yield timestamp.micros, json.loads(record)["message_id"]

    elements = [TimestampedValue(keyed("p", second * 1000), second) for second in (1, 2, 61)]
    with fake_customerio(refuse("p-2000", "p-61000")) as fake, beam.Pipeline(runner=FnApiRunner()) as pipeline:
        result = (
            pipeline
            | beam.Create(elements)
            | beam.Map(lambda element: element).with_output_types(Keyed)
            | write_to(fake, ordering="none")
        )
        assert_collection(
            result.dead_letters | beam.ParDo(WithTimestamp()),
            same_elements([(2_000_000, "message p-2000"), (61_000_000, "message p-61000")]),
        )


def test_metrics_tell_what_happened():
    answers = iter([Respond(503)])

    def respond(request):
        return next(answers, None) or refuse("p-0")(request)

    with fake_customerio(respond) as fake:
        metrics = deliver(fake, [keyed("p", time) for time in range(10)])
        body_bytes = len(fake.received[0].body)
    assert_that(
        {name: metrics[name] for name in ("delivered", "requests", "retried")},
        equal_to(
            {
                "delivered": 9,
                "requests": 2,
                "retried": 1,
            }
        ),
    )
    assert_that((metrics["batch_bytes"].max, metrics["batch_operations"].sum), equal_to((body_bytes, 20)))
    assert_that(metrics["request_latency_ms"].count, equal_to(2))


def test_waiting_for_the_budget_is_signalled_to_the_runner_in_whole_seconds():
    # Twenty-five requests at ten a second, one after the other: about two seconds of waiting.
    with fake_customerio() as fake:
        metrics = deliver(
            fake,
            [keyed(f"p{n}", 0) for n in range(25)],
            max_requests_per_second=10,
            max_batch_operations=1,
            max_in_flight_requests=1,
        )
    assert_that(metrics["cumulativeThrottlingSeconds"], is_in((1, 2)))


def test_a_second_that_all_lanes_wait_is_one_second():
    with fake_customerio() as fake:
        metrics = deliver(
            fake,
            [keyed(f"p{n}", 0) for n in range(20)],
            max_requests_per_second=10,
            max_batch_operations=1,
            max_in_flight_requests=4,
        )
    assert_that(metrics["cumulativeThrottlingSeconds"], is_in((1, 2)))


def test_a_wrong_key_fails_the_pipeline_in_one_sentence_and_nothing_is_dead_lettered():
    def nothing(result):
        result.dead_letters | beam.Map(_must_not_be_called)

    sentence = r"^Customer.io refused the credentials \(status 401\).*account_region \(us\)"
    with fake_customerio(lambda request: Respond(401)) as fake, pytest.raises(Exception, match=sentence):
        deliver(fake, [keyed("p", 1)], nothing)
    assert_that(fake.received, has_length(2))


def _must_not_be_called(element):
    raise AssertionError(element)


def test_a_bundle_that_fails_in_the_middle_fails_the_pipeline():
    def respond(request):
        return Respond(404) if "p-7" in request.names else OK

    with fake_customerio(respond) as fake, pytest.raises(Exception, match="404"):
        deliver(fake, [keyed("p", time) for time in range(10)], max_batch_operations=1)
    assert_that(fake.accepted_names, not_(has_item("p-8")))


@pytest.mark.parametrize("ordering", ["person", "none"])
def test_the_key_is_in_no_pickle_and_in_no_graph(ordering):
    transform = WriteToCustomerIO(SOURCE, DeliverySettings(ordering=ordering))
    pipeline = beam.Pipeline(runner=FnApiRunner())
    pipeline | beam.Create([keyed("p", 1)]).with_output_types(Keyed) | transform
    assert_that(b"hush-hush", not_(is_in(pickle.dumps(transform))))
    assert_that(b"hush-hush", not_(is_in(pipeline.to_runner_api().SerializeToString())))


def test_the_key_is_in_no_log_and_no_error(caplog):
    caplog.set_level(logging.DEBUG)
    with fake_customerio(lambda request: Respond(401)) as fake, pytest.raises(Exception, match="refused") as caught:
        deliver(fake, [keyed("p", 1)])
    assert_that(caplog.text + str(caught.value), not_(contains_string("hush-hush")))


def shuffled(bounded, **settings):
    """Return the coder of everything that the transform shuffles or keeps in state, by the step's label."""
    pipeline = beam.Pipeline(runner=FnApiRunner())
    source = pipeline | (beam.Create([keyed("p", 1)]) if bounded else test_stream.TestStream())
    operations = source | "Typed" >> beam.Map(lambda element: element).with_output_types(Keyed)
    operations | "Write" >> WriteToCustomerIO(SOURCE, DeliverySettings(**settings))
    found = {}

    class Visitor(beam.pipeline.PipelineVisitor):
        def visit_transform(self, applied):
            stateful = isinstance(applied.transform, beam.ParDo) and applied.transform.fn.__class__ is BatchByShard
            if applied.full_label.startswith("Write/") and (isinstance(applied.transform, beam.GroupByKey) or stateful):
                found[applied.full_label] = typecoders.registry.get_coder(applied.inputs[0].element_type)

        enter_composite_transform = visit_transform

    pipeline.visit(Visitor())
    return {label: coder for label, coder in found.items() if "/WaitOn" not in label}


BLOCK_CODER = coders.TupleCoder([coders.VarIntCoder(), coders.VarIntCoder(), coders.BytesCoder()])
BY_SHARD = coders.TupleCoder([coders.VarIntCoder(), BLOCK_CODER])


@pytest.mark.parametrize(
    ("bounded", "settings", "labels"),
    [
        (True, {"anonymous": "as_is"}, ["Write/Deliver/GroupByShard"]),
        (True, {}, ["Write/DeliverAnonymous/GroupByShard", "Write/Deliver/GroupByShard"]),
        (False, {}, ["Write/Deliver/BatchByShard"]),
        (True, {"ordering": "none"}, ["Write/DeliverClaiming/GroupByShard"]),
        (True, {"ordering": "none", "anonymous": "as_is"}, []),
    ],
    ids=["files", "files, anonymous first", "stream", "files in any order", "files as they are"],
)
def test_only_blocks_cross_a_shuffle_coded_deterministically(bounded, settings, labels):
    assert_that(shuffled(bounded, **settings), equal_to(dict.fromkeys(labels, BY_SHARD)))


def deliver_stream(fake, bundles, **settings):
    """Run an unbounded pipeline over bundles of elements, on the runner that has test streams and timers."""
    stream = test_stream.TestStream()
    for elements in bundles:
        stream.add_elements(elements)
    options = PipelineOptions([], streaming=True)
    with beam.Pipeline(runner=BundleBasedDirectRunner(), options=options) as pipeline:
        source = pipeline | stream.advance_watermark_to_infinity()
        source | beam.Map(lambda element: element).with_output_types(Keyed) | write_to(fake, **settings)


def test_unbounded_input_fills_requests_from_small_bundles_and_sorts_each():
    elements = [keyed(f"p{person}", time) for time in range(40) for person in range(5)]
    random.Random(2).shuffle(elements)
    with fake_customerio() as fake:
        bundles = [elements[start : start + 10] for start in range(0, 200, 10)]
        deliver_stream(fake, bundles, num_shards=1, max_batch_operations=100, max_batch_delay_secs=3600)
    assert_that([len(request.operations) for request in fake.received], equal_to([100, 100]))
    for request in fake.received:
        times = [int(name.partition("-")[2]) for name in request.names]
        assert_that(times, equal_to(sorted(times)))
    assert_that(sorted(fake.accepted_names), equal_to(sorted(f"p{p}-{t}" for p in range(5) for t in range(40))))


def test_a_batch_that_does_not_fill_goes_out_when_its_delay_is_over():
    with fake_customerio() as fake:
        deliver_stream(fake, [[keyed("p", 2)], [keyed("p", 1)]], num_shards=1, max_batch_delay_secs=0.05)
    assert_that(sorted(fake.accepted_names), equal_to(["p-1", "p-2"]))


def test_unbounded_input_keeps_each_persons_order_whatever_the_shards():
    elements = [keyed(f"p{person}", time) for time in range(10) for person in range(30)]
    with fake_customerio() as fake:
        deliver_stream(fake, [elements], num_shards=4, max_in_flight_requests=4, max_batch_delay_secs=3600)
    assert_that(names_by_person(fake), equal_to({f"p{n}": [f"p{n}-{time}" for time in range(10)] for n in range(30)}))


def test_a_streams_shard_holds_a_bounded_number_of_bytes():
    """Four operations beside events of 700 kB each: a batch by their count alone would hold any number of these."""

    def large(number):
        key, (time, operation, _) = keyed("p", number)
        return key, (time, operation, json.dumps({"messageId": f"m{number}", "text": "x" * 700_000}).encode())

    with fake_customerio() as fake:
        bundles = [[large(number)] for number in range(8)]
        deliver_stream(fake, bundles, num_shards=1, max_batch_delay_secs=3600)
    assert_that([len(request.operations) for request in fake.received], equal_to([3, 3, 2]))


def anonymous(visitor, event_time_ms):
    key, (time, operation, payload) = keyed(visitor, event_time_ms)
    document = json.loads(operation)
    document["identifiers"] = {"anonymous_id": visitor}
    return key, (time, json.dumps(document).encode(), payload)


def claim(person, visitor, event_time_ms):
    operation = {
        "type": "person",
        "action": "identify",
        "identifiers": {"id": person},
        "attributes": {"anonymous_id": visitor},
    }
    return person.encode().ljust(16), (event_time_ms, json.dumps(operation).encode(), b"{}")


def kinds_in_order(fake):
    """Return what arrived, in order: ``anonymous``, ``claim`` for an identify, else ``other``."""
    kinds = []
    for request in fake.received:
        for operation in request.operations:
            is_anonymous = "anonymous_id" in operation["identifiers"]
            kinds.append("anonymous" if is_anonymous else "claim" if operation["action"] == "identify" else "other")
    return kinds


MIXED = [claim(f"p{n}", f"v{n}", n) for n in range(30)] + [keyed(f"p{n}", n) for n in range(30)]
MIXED += [anonymous(f"v{n}", n) for n in range(30)]


@pytest.mark.parametrize("ordering", ["person", "none"])
def test_no_identify_that_could_claim_is_sent_before_all_anonymous_events_are_through(ordering):
    with fake_customerio() as fake:
        deliver(fake, MIXED, ordering=ordering, max_batch_operations=7)
    kinds = kinds_in_order(fake)
    assert_that(sorted(kinds), equal_to(sorted(["anonymous", "claim", "other"] * 30)))
    assert_that(kinds[kinds.index("claim") :], not_(has_item("anonymous")))


def test_without_ordering_other_operations_do_not_wait():
    with fake_customerio() as fake:
        deliver(fake, MIXED, ordering="none", max_batch_operations=7)
    kinds = kinds_in_order(fake)
    assert_that(kinds.index("other"), less_than(kinds.index("claim")))


def test_when_an_anonymous_event_fails_no_identify_is_sent():
    def respond(request):
        return Respond(404) if "v3-3" in request.names else OK

    with fake_customerio(respond) as fake, pytest.raises(Exception, match="404"):
        deliver(fake, MIXED, max_batch_operations=1)
    assert_that(kinds_in_order(fake), not_(has_item("claim")))


def test_an_anonymous_event_that_is_refused_does_not_hold_up_the_identifies():
    def respond(request):
        return refuse("v3-3")(request) if "v3-3" in request.names else OK

    with fake_customerio(respond) as fake:
        deliver(fake, MIXED, dead_letters_are({"reason": "rejected", "message_id": "message v3-3"}))
    assert_that(kinds_in_order(fake).count("claim"), equal_to(30))


POISON = [
    (b'{"type": "person"', "invalid_operation"),
    (b'{"type": "person", "action": "event"}, {"type": "person", "action": "event"}', "invalid_operation"),
    (b"\xff", "invalid_operation"),
    (json.dumps({"type": "person", "action": "identify", "a": "x" * 40_000}).encode(), "operation_too_large"),
]


@pytest.mark.parametrize("ordering", ["person", "none"])
def test_what_no_request_can_carry_is_a_dead_letter_and_spoils_no_neighbour(ordering):
    poison = [
        (b"k" * 16, (5, operation, b'{"messageId": "m%d"}' % number)) for number, (operation, _) in enumerate(POISON)
    ]
    expected = [
        {"reason": reason, "stage": "deliver", "message_id": f"m{number}", "event_time_ms": 5}
        for number, (_, reason) in enumerate(POISON)
    ]
    with fake_customerio() as fake:
        deliver(fake, [keyed("p", 1), *poison, keyed("p", 2)], dead_letters_are(*expected), ordering=ordering)
    assert_that(sorted(fake.accepted_names), equal_to(["p-1", "p-2"]))


def test_a_poison_pill_does_not_stop_a_stream():
    poison = (b"k" * 16, (5, b"{", b"{}"))
    with fake_customerio() as fake:
        deliver_stream(fake, [[keyed("p", 1)], [poison], [keyed("p", 2)]], max_batch_delay_secs=3600)
    assert_that(sorted(fake.accepted_names), equal_to(["p-1", "p-2"]))
