import json

import pytest
from hamcrest import assert_that, empty, equal_to, instance_of
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.delivery.answers import (
    Accepted,
    Answer,
    Misaddressed,
    Refusal,
    Retry,
    Unauthorized,
    Unclear,
    Unexpected,
    read_answer,
)


def answer_with(status, *errors):
    return Answer(status, json.dumps({"errors": list(errors)}).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"{}",
        b'{"errors":[]}',
        b'{"errors":null}',
        b'{"error":null,"meta":{}}',
        b'{"meta":{"errors":[],"error":""}}',
        b'{"meta":[1]}',
    ],
)
def test_200_without_errors_accepts_everything(body):
    assert_that(read_answer(Answer(200, body), 3), equal_to(Accepted({})))


@pytest.mark.parametrize("status", [200, 207])
def test_errors_with_an_index_refuse_just_those_operations(status):
    answer = answer_with(status, {"batch_index": 1, "reason": "invalid", "field": "name", "message": "no name"})
    assert_that(read_answer(answer, 3), equal_to(Accepted({1: Refusal(status, "invalid", "name", "no name")})))


@pytest.mark.parametrize("index", [-1, 3, None, "1", 1.0, True, [0]])
def test_an_index_that_is_missing_or_out_of_range_is_not_guessed(index):
    errors = {"batch_index": 0, "reason": "a"}, {"batch_index": index, "reason": "b"}
    assert_that(read_answer(answer_with(207, *errors), 3), equal_to(Unclear(Refusal(207, "b"))))


def test_an_error_without_an_index_is_not_guessed():
    assert_that(read_answer(answer_with(207, {"reason": "b"}), 3), instance_of(Unclear))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"errors":[]}'])
def test_207_that_names_no_error_is_not_taken_for_success(body):
    assert_that(read_answer(Answer(207, body), 3), equal_to(Unclear(Refusal(207))))


def test_of_several_errors_for_one_operation_the_first_counts():
    errors = {"batch_index": 0, "reason": "first"}, {"batch_index": 0, "reason": "second"}
    assert_that(read_answer(answer_with(207, *errors), 1), equal_to(Accepted({0: Refusal(207, "first")})))


@pytest.mark.parametrize("status", [200, 207])
@pytest.mark.parametrize("body", [b"<html>", b'{"errors":[', b'"ok"', b"[]x", b'{"errors":"x"}', b'{"errors":[1]}'])
def test_an_unreadable_body_is_retried(status, body):
    assert_that(read_answer(Answer(status, body), 1), instance_of(Retry))


@pytest.mark.parametrize("status", [400, 413])
def test_a_request_refused_as_a_whole_is_to_be_halved(status):
    answer = answer_with(status, {"reason": "invalid", "field": "batch", "message": "bad"})
    assert_that(read_answer(answer, 5), equal_to(Unclear(Refusal(status, "invalid", "batch", "bad"))))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"meta":{"errors":["too long","bad"]}}', "too long; bad"),
        (b'{"meta":{"error":"bad"}}', "bad"),
        (b"<html>413</html>", None),
        (b"[]", None),
    ],
)
def test_v1_and_foreign_bodies_of_a_refusal_are_read(body, message):
    assert_that(read_answer(Answer(400, body), 1), equal_to(Unclear(Refusal(400, message=message))))


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials(status):
    assert_that(read_answer(Answer(status), 1), equal_to(Unauthorized(status)))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_means_the_other_region(status):
    location = "https://track-eu.customer.io/api/v2/batch"
    assert_that(read_answer(Answer(status, location=location), 1), equal_to(Misaddressed(status, location)))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_overload_is_retried_as_the_server_asks(status):
    assert_that(read_answer(Answer(status, retry_after="7"), 1), equal_to(Retry(f"status {status}", status, "7")))


def test_no_answer_is_retried():
    assert_that(read_answer(Answer(None, failure="ReadTimeout"), 1), equal_to(Retry("ReadTimeout")))


def test_an_obstacle_is_told_from_passing_trouble():
    assert_that(
        read_answer(Answer(None, failure="no name", is_obstacle=True), 1), equal_to(Retry("no name", is_obstacle=True))
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":"no quota"}', "no quota"),
        (b'{"errors":[],"meta":{"error":"no quota"}}', "no quota"),
        (b'{"meta":{"errors":["no","quota"]}}', "no; quota"),
        (b'{"error":{"message":"no quota"}}', "no quota"),
        (b'{"error":{"code":7}}', "an error without a text"),
        (b'{"error":true}', "True"),
    ],
)
@pytest.mark.parametrize("status", [200, 207])
def test_a_success_that_tells_of_an_error_is_none(status, body, message):
    assert_that(read_answer(Answer(status, body), 5), equal_to(Unclear(Refusal(status, message=message))))


def test_foreign_text_is_shown_without_control_characters_and_bounded():
    error = {"batch_index": 0, "reason": "\x1b[2J", "field": "\u202ename", "message": "m" * 5000}
    assert_that(
        read_answer(answer_with(207, error), 1),
        equal_to(Accepted({0: Refusal(207, "\\x1b[2J", "\\u202ename", "m" * 1000 + "...")})),
    )


@pytest.mark.parametrize("value", [b'[["x"]]', b'{"a":1}', b"null", b"9" * 300])
def test_a_reason_that_is_no_text_is_left_out(value):
    error = b'{"batch_index":0,"reason":' + value + b"}"
    verdict = read_answer(Answer(207, b'{"errors":[' + error + b"]}"), 1)
    assert_that(verdict, equal_to(Accepted({0: Refusal(207)})))


def test_a_reason_that_nests_as_deeply_as_can_be_read_is_left_out():
    error = b'{"batch_index":0,"reason":' + b"[" * 800 + b"]" * 800 + b"}"
    assert_that(read_answer(Answer(207, b'{"errors":[' + error + b"]}"), 1), equal_to(Accepted({0: Refusal(207)})))


@pytest.mark.parametrize("status", [404, 405, 409, 410, 415, 422, 451, 201, 204, 300, 304, 100])
def test_an_answer_nobody_described_is_unexpected(status):
    assert_that(read_answer(Answer(status, b"not\n here"), 1), equal_to(Unexpected(f"{status}: not here")))


def test_an_unexpected_answer_is_quoted_in_short():
    assert_that(read_answer(Answer(404, b"x" * 10_000), 1), equal_to(Unexpected("404: " + "x" * 200 + "...")))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["errors", "batch_index", "reason"]), inner)
    ),
    max_leaves=12,
)


@given(status=st.sampled_from([200, 207]), document=_json, operations=st.integers(1, 5))
def test_whatever_json_comes_back_only_operations_of_the_request_are_refused(status, document, operations):
    verdict = read_answer(Answer(status, json.dumps(document).encode()), operations)
    refused = () if isinstance(verdict, Retry | Unclear) else verdict.refused
    assert_that([number for number in refused if number not in range(operations)], empty())


@given(status=st.integers(100, 999), body=st.binary(max_size=200), retry_after=st.none() | st.text(max_size=20))
def test_any_response_has_a_meaning(status, body, retry_after):
    read_answer(Answer(status, body, retry_after), 3)
