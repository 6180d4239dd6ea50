"""The job on a subscription, with Google's Pub/Sub server and clients, on the local streaming runner."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter

import pytest
from hamcrest import assert_that, contains_string, equal_to, has_entries, not_

from tests.integration.event_set import make_events
from tests.integration.job import Job
from tests.integration.processes import PATIENCE_SECS, wait_until
from tests.integration.pubsub import PubSub

pytestmark = pytest.mark.integration

_IDLE_SECS = 60


def test_each_event_is_delivered_once_or_on_the_dead_letter_topic_and_idling_costs_nothing(
    job: Job, pubsub: PubSub
) -> None:
    events = make_events(5000, repeated=300, broken=50)
    options = (
        f"--input_subscription={pubsub.events_subscription}",
        f"--dead_letter_topic={pubsub.dead_letter_topic}",
        "--max_batch_delay_secs=1",
    )
    with job.started(*options) as process:
        pubsub.publish(events.messages())
        dead_letters = []

        def all_is_settled() -> bool:
            dead_letters.extend(pubsub.pull_dead_letters())
            assert_that(process.poll(), equal_to(None), job.log)
            return len(dead_letters) >= 50 and job.stats()["operations"] >= 5300

        wait_until(all_is_settled, "all events are delivered or dead letters", secs=2 * PATIENCE_SECS)
        requests_before = job.stats()["requests"]
        time.sleep(_IDLE_SECS)
        assert_that(job.stats()["requests"], equal_to(requests_before))

        process.send_signal(signal.SIGINT)
        assert_that(process.wait(PATIENCE_SECS), equal_to(130), job.log)

    events.check(job.sandbox.url)
    assert_that(Counter(message.attributes["reason"] for message in dead_letters), equal_to(events.broken))
    for message in dead_letters:
        record = json.loads(message.data)
        assert_that(dict(message.attributes), has_entries(stage=record["stage"], reason=record["reason"]))
    assert_that(job.log, not_(contains_string("Traceback")))
