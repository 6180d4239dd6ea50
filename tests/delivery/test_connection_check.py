import json

import pytest
from hamcrest import assert_that, contains_string, empty, equal_to, is_, starts_with

from customerio_beam.delivery.connection_check import check_connection
from customerio_beam.delivery.credentials import CredentialsSource, EnvironmentVariable, Literal
from customerio_beam.delivery.settings import DeliverySettings
from tests.delivery.raw_server import raw_server, sending
from tests.helpers.fake_customerio import Respond, fake_customerio


@pytest.fixture
def check(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "hush")

    def run(answer, region="us"):
        with fake_customerio(lambda request: answer) as fake:
            settings = DeliverySettings(account_region=region, track_endpoint=fake.url)
            return check_connection(CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY")), settings)

    return run


def region_answer(region):
    url = "https://track-eu.customer.io" if region == "eu" else "https://track.customer.io"
    return Respond(200, json.dumps({"url": url, "region": region, "environment_id": 42}).encode())


@pytest.mark.parametrize("region", ["us", "eu"])
def test_a_working_connection_names_the_workspace(check, region):
    works, sentence = check(region_answer(region), region)
    assert_that(works, is_(True))
    assert_that(sentence, contains_string("workspace 42"))


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_says_where_key_and_site_id_come_from(check, status):
    works, sentence = check(Respond(status))
    assert_that(works, is_(False))
    for part in ("refused the credentials", "'site'", "TEST_KEY", "account_region (us)"):
        assert_that(sentence, contains_string(part))


@pytest.mark.parametrize("answer", [region_answer("eu"), Respond(307)], ids=["told", "redirected"])
def test_a_wrong_region_says_which_is_right(check, answer):
    assert_that(
        check(answer),
        equal_to(
            (
                False,
                "The account does not live in region us, but in eu. Set account_region to eu.",
            )
        ),
    )


@pytest.mark.parametrize("answer", [Respond(200, b"<html>welcome</html>"), Respond(200, b"[]")])
def test_something_else_than_customerio_is_noticed(check, answer):
    works, sentence = check(answer)
    assert_that(works, is_(False))
    assert_that(sentence, contains_string("track_endpoint"))


@pytest.mark.parametrize("status", [404, 429, 500])
def test_other_answers_are_told_with_their_status(check, status):
    works, sentence = check(Respond(status))
    assert_that(works, is_(False))
    assert_that(sentence, contains_string(f"status {status}"))


def test_no_connection_says_what_to_look_at(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "hush")
    with fake_customerio() as fake:
        url = fake.url
    works, sentence = check_connection(
        CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY")), DeliverySettings(track_endpoint=url)
    )
    assert_that(works, is_(False))
    assert_that(sentence, starts_with(f"No connection to {url}: ConnectionError"))


def test_the_proxy_is_named_without_its_credentials(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "hush")
    for name in ("https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with raw_server(sending(b"HTTP/1.1 403 Forbidden\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", "http://user:secret@"))
        works, sentence = check_connection(
            CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY")), DeliverySettings()
        )
    assert_that(works, is_(False))
    assert_that(sentence, starts_with(f"No connection to https://track.customer.io through the proxy {proxy.url}: "))
    assert_that(sentence, contains_string("can't be used: Tunnel connection failed: 403 Forbidden."))


def test_what_the_server_says_is_shown_without_control_characters(check):
    document = {"region": "us", "environment_id": "\x1b[2J\u202e"}
    assert_that(
        check(Respond(200, json.dumps(document).encode())).sentence, contains_string("workspace \\x1b[2J\\u202e at")
    )


def test_missing_credentials_are_told_before_any_request(monkeypatch):
    monkeypatch.delenv("TEST_KEY", raising=False)
    with fake_customerio() as fake:
        works, sentence = check_connection(
            CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY")),
            DeliverySettings(track_endpoint=fake.url),
        )
    assert_that((works, fake.received), equal_to((False, [])))
    assert_that(sentence, contains_string("TEST_KEY is not set"))


def test_no_sentence_shows_the_key(check):
    answers = [Respond(401), Respond(500), region_answer("us"), region_answer("eu"), Respond(404, b"hush")]
    assert_that([answer for answer in answers if "hush" in check(answer).sentence], empty())
