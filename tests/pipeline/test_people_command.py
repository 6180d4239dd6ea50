"""``people``: what it does to the people at Customer.io, and the receipts that it writes."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from hamcrest import (
    all_of,
    assert_that,
    contains_exactly,
    contains_inanyorder,
    contains_string,
    empty,
    equal_to,
    greater_than,
    has_entries,
    has_properties,
    not_,
)

from customerio_beam.people.private_log import PrivateLog
from customerio_beam.sandbox.server import RunningSandbox
from tests.helpers.fake_customerio import OK, Received, Respond, errors, fake_customerio
from tests.pipeline.commands import Ended, Terminal
from tests.pipeline.conftest import KEY
from tests.pipeline.job import Job


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def people(terminal: Terminal, sandbox: RunningSandbox, tmp_path: Path) -> Callable[..., Ended]:
    """Runs ``people`` for a list, confirmed unless the test says otherwise."""

    def run(action: str, listed: str, *more: object, confirm: int | None = -1, url: str = sandbox.url) -> Ended:
        ids = tmp_path / "ids"
        ids.write_text(listed)
        confirm = len(listed.splitlines()) if confirm == -1 else confirm
        given = [] if confirm is None else [f"--confirm={confirm}"]
        receipts = f"--receipts={tmp_path / 'receipts'}"
        return terminal.run(
            "people", f"--ids={ids}", f"--action={action}", receipts, f"--track_endpoint={url}", *given, *more
        )

    return run


@pytest.fixture
def receipts(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    return lambda: [json.loads(line) for line in (tmp_path / "receipts").read_text().splitlines()]


@pytest.fixture
def known(job: Job) -> Job:
    """Ada by id and email, Grace by email alone, and Alan by id alone, at Customer.io."""
    people = [
        ({"id": "u1"}, {"email": "ada@example.com"}),
        ({"email": "grace@example.com"}, {"name": "Grace"}),
        ({"id": "u3"}, {"name": "Alan"}),
    ]
    batch = [
        {"type": "person", "action": "identify", "identifiers": identifiers, "attributes": attributes}
        for identifiers, attributes in people
    ]
    url = f"{job.sandbox.url}/api/v2/batch"
    requests.post(url, json={"batch": batch}, auth=("site", KEY), timeout=10).raise_for_status()
    return job


def identify(user: str, **traits: object) -> dict[str, Any]:
    event = {"type": "identify", "userId": user, "traits": traits, "messageId": f"m-{user}"}
    return {**event, "timestamp": "2024-01-01T00:00:00Z"}


def names(job: Job) -> set[str]:
    return {person["id"] or person["email"] for person in job.people}


def test_nothing_is_sent_until_the_number_of_rows_is_confirmed(known, people, tmp_path):
    for confirm in (None, 2):
        ended = people("delete", "u1\nu2\nu3\n", confirm=confirm)
        assert_that(ended.status, equal_to(2))
        assert_that(ended.err, all_of(contains_string("has 3 rows"), contains_string("add --confirm 3.")))
    assert_that(names(known), equal_to({"u1", "grace@example.com", "u3"}))
    assert_that((tmp_path / "receipts").exists(), equal_to(False))


def test_deleted_people_are_gone_by_whatever_names_them(known, people):
    ended = people("delete", "u1\ngrace@example.com\n")
    assert_that(ended, has_properties(status=0, err=""))
    assert_that(names(known), equal_to({"u3"}))


def test_a_row_finds_its_person_by_any_of_its_identifiers(known, people):
    people("delete", "id,email\nnobody,grace@example.com\nu3,\n", confirm=2)
    assert_that(names(known), equal_to({"u1"}))


def test_suppressed_people_dont_come_back_with_their_events(known, people):
    people("suppress", "u1\n")
    assert_that(names(known), equal_to({"grace@example.com", "u3"}))
    known.run(identify("u1", email="ada@example.com"), identify("ada@example.com"))
    assert_that(names(known), equal_to({"grace@example.com", "u3"}))


def test_unsuppressed_people_can_come_back(known, people):
    people("suppress", "u1\n")
    people("unsuppress", "u1\n")
    known.run(identify("u1", email="ada@example.com"))
    assert_that(names(known), equal_to({"u1", "grace@example.com", "u3"}))


def test_unsubscribing_changes_those_who_exist_and_creates_nobody(known, people):
    ended = people("unsubscribe", "u3\nstranger\n")
    assert_that(ended.status, equal_to(0))
    unsubscribed = {person["id"]: person["attributes"].get("unsubscribed") for person in known.people if person["id"]}
    assert_that(unsubscribed, equal_to({"u1": None, "u3": True}))


def test_a_receipt_has_the_time_the_answer_and_what_was_given(known, people, receipts):
    people("delete", "id,email\nu1,ada@example.com\n,grace@example.com\n", confirm=2)
    common = {"action": "delete", "answer": "accepted", "workspace": f"site {known.sandbox.url}"}
    assert_that(
        receipts(),
        contains_inanyorder(
            has_entries(common, person={"id": "u1", "email": "ada@example.com"}),
            has_entries(common, person={"email": "grace@example.com"}),
        ),
    )
    assert_that([set(receipt) for receipt in receipts()], contains_exactly(*2 * [{"time", "person", *common}]))


def test_receipts_are_for_this_user_alone_and_are_added_to(known, people, receipts, tmp_path):
    people("delete", "u1\n")
    people("delete", "u1\nu3\n")
    assert_that([receipt["person"] for receipt in receipts()], contains_exactly("u1", "u1", "u3"))
    assert_that(stat.S_IMODE((tmp_path / "receipts").stat().st_mode), equal_to(0o600))


def test_running_it_again_changes_nothing(known, people):
    people("suppress", "u1\n")
    before = known.people
    ended = people("suppress", "u1\n")
    assert_that((ended.status, known.people), equal_to((0, before)))


def test_who_was_refused_is_in_the_receipts_without_customerios_text(people, receipts):
    def respond(received: Received) -> Respond:
        bad = {"batch_index": 1, "reason": "invalid", "field": "identifiers", "message": "grace@example.com lives in X"}
        return errors(207, bad)

    with fake_customerio(respond) as customerio:
        ended = people("suppress", "u1\nu2\nu3\n", url=customerio.url)
    assert_that(ended.status, equal_to(3))
    refusal = {"status": 207, "reason": "invalid", "field": "identifiers"}
    assert_that(
        {receipt["person"]: receipt["answer"] for receipt in receipts()},
        equal_to({"u1": "accepted", "u2": "rejected", "u3": "accepted"}),
    )
    assert_that([r["refusals"] for r in receipts() if "refusals" in r], contains_exactly([refusal]))


def test_a_request_that_fails_is_retried(people, receipts):
    responses = iter([Respond(503), OK])
    with fake_customerio(lambda received: next(responses)) as customerio:
        ended = people("delete", "u1\n", url=customerio.url)
    assert_that((ended.status, len(receipts())), equal_to((0, 1)))


def test_those_without_a_receipt_are_not_done(people, receipts, monkeypatch):
    written = threading.Event()
    sync = PrivateLog.sync

    def sync_and_tell(log: PrivateLog) -> None:
        sync(log)
        written.set()

    def respond(received: Received) -> Respond:
        if received.operations[0]["identifiers"]["id"] == "u1":
            return OK
        written.wait(timeout=20)  # the failure must not overtake the receipt
        return Respond(404, b"no such thing")

    monkeypatch.setattr(PrivateLog, "sync", sync_and_tell)

    with fake_customerio(respond) as customerio:
        ended = people(
            "delete", "u1\nu2\n", "--max_batch_operations=1", "--max_in_flight_requests=1", url=customerio.url
        )
    assert_that(ended.status, equal_to(1))
    assert_that(ended.err, contains_string("The command failed: The response to POST /api/v2/batch"))
    assert_that([receipt["person"] for receipt in receipts()], contains_exactly("u1"))


def test_the_blocklist_has_every_identifier_once(known, people, tmp_path):
    blocklist = tmp_path / "blocked"
    blocklist.write_text("u1\nsomebody-else")
    people("delete", "id,email,cio_id\nu1,ada@example.com,cio_77\n", f"--blocklist={blocklist}", confirm=1)
    people("suppress", "u1\n", f"--blocklist={blocklist}")
    assert_that(
        blocklist.read_text().splitlines(), contains_exactly("u1", "somebody-else", "ada@example.com", "cio_77")
    )


def test_a_later_backfill_with_the_blocklist_brings_nobody_back(known, people, tmp_path):
    blocklist, rules = tmp_path / "blocked", tmp_path / "rules.yaml"
    rules.write_text(f"version: 1\npeople:\n  block: {blocklist}\n")
    people("delete", "id,email\nu1,ada@example.com\n", f"--blocklist={blocklist}", confirm=1)
    events = (identify("u1", email="ada@example.com"), identify("ada@example.com"), identify("u3", plan="new"))
    known.run(*events, options=(f"--rules={rules}",))
    assert_that(names(known), equal_to({"grace@example.com", "u3"}))


def test_people_are_blocked_before_they_are_deleted(people, tmp_path):
    blocklist = tmp_path / "blocked"
    seen = []

    def respond(received: Received) -> Respond:
        seen.append(blocklist.read_text())
        return OK

    with fake_customerio(respond) as customerio:
        people("delete", "u1\n", f"--blocklist={blocklist}", url=customerio.url)
    assert_that(seen, contains_exactly("u1\n"))


@pytest.mark.parametrize("action", ["unsuppress", "unsubscribe"])
def test_a_blocklist_is_for_those_who_go(people, action):
    ended = people(action, "u1\n", "--blocklist=blocked")
    assert_that(ended.status, equal_to(2))
    assert_that(
        ended.err, contains_string(f"--blocklist=blocked is for --action suppress and delete only, not {action}")
    )


def test_credentials_that_are_refused_fail_with_their_source(people, monkeypatch, receipts):
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "another")
    ended = people("delete", "u1\n")
    assert_that(ended, has_properties(status=1, err=contains_string("Customer.io refused the credentials")))
    assert_that(receipts(), empty())


def test_requests_keep_the_workspaces_rate(people):
    times = []

    def respond(received: Received) -> Respond:
        times.append(time.monotonic())
        return OK

    with fake_customerio(respond) as customerio:
        one_a_request = ("--max_requests_per_second=5", "--max_batch_operations=1")
        people("delete", "".join(f"u{number}\n" for number in range(9)), *one_a_request, url=customerio.url)
    times.sort()
    assert_that(times[5] - times[0], greater_than(0.95))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "people needs --ids: see customerio-beam people --help."),
        (["--ids=x", "--action=forget"], "--action: invalid choice: 'forget'"),
        (["--ids=x", "--action=delete"], "people needs --receipts"),
        (["--ids=/no/list", "--action=delete", "--receipts=r"], "--ids=/no/list can't be opened: No such file"),
        (["--id=x"], "There is no option --id. Did you mean --ids?"),
        (
            ["--confirm=0", "--ids=x", "--action=delete", "--receipts=r"],
            "--confirm must be a whole number of at least 1",
        ),
    ],
)
def test_an_option_that_cant_be_right_is_refused_in_one_sentence(terminal, arguments, sentence):
    ended = terminal.run("people", *arguments)
    assert_that(ended.status, equal_to(2))
    assert_that((ended.err.count("\n"), ended.out), equal_to((1, "")))
    assert_that(ended.err, contains_string(sentence))


def test_receipts_in_a_folder_that_is_missing_are_refused_before_anything_is_sent(known, terminal, tmp_path):
    ids = tmp_path / "ids"
    ids.write_text("u1\n")
    common = (f"--ids={ids}", "--action=delete", "--confirm=1", f"--track_endpoint={known.sandbox.url}")
    ended = terminal.run("people", *common, f"--receipts={tmp_path}/no/receipts")
    assert_that(ended, has_properties(status=2, err=contains_string("can't be written to: No such file")))
    assert_that("u1" in names(known), equal_to(True))


def test_a_receipts_file_that_is_a_link_is_refused(known, terminal, tmp_path):
    (tmp_path / "ids").write_text("u1\n")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    common = ("--action=delete", "--confirm=1", f"--track_endpoint={known.sandbox.url}")
    ended = terminal.run("people", f"--ids={tmp_path}/ids", *common, f"--receipts={tmp_path}/link")
    assert_that((ended.status, (tmp_path / "elsewhere").exists()), equal_to((2, False)))


def test_help_has_the_commands_own_options(terminal):
    ended = terminal.run("people", "--help")
    assert_that(
        ended, has_properties(status=0, out=all_of(contains_string("--confirm N"), not_(contains_string("--input "))))
    )
