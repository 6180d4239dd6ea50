"""Credentials from Secret Manager, over its real client and a gRPC server that speaks its API."""

import base64
import json

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hamcrest import assert_that, calling, contains_exactly, contains_inanyorder, equal_to, has_length, raises

from customerio_beam.delivery.connection_check import check_connection
from customerio_beam.delivery.credentials import Credentials, CredentialsSource
from customerio_beam.delivery.errors import CredentialsUnavailableError
from customerio_beam.delivery.secret_manager import EMULATOR_VARIABLE, SecretVersion
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms.write_to_customerio import WriteToCustomerIO
from tests.helpers.fake_customerio import OK, Respond, fake_customerio
from tests.integration.secret_manager_server import running_secret_manager

pytestmark = pytest.mark.integration

KEY = "projects/p/secrets/key"
SITE = "projects/p/secrets/site"


@pytest.fixture
def secret_manager(monkeypatch):
    with running_secret_manager() as server:
        monkeypatch.setenv(EMULATOR_VARIABLE, server.address)
        yield server


def test_both_are_fetched_by_name(secret_manager):
    secret_manager.secrets = {KEY: [b"old", b"hush"], SITE: [b"site"]}
    source = CredentialsSource(SecretVersion(SITE), SecretVersion(KEY))
    assert_that(source.fetch(), equal_to(Credentials("site", "hush")))


@pytest.mark.parametrize(
    ("name", "value"), [(KEY, "new"), (f"{KEY}/versions/latest", "new"), (f"{KEY}/versions/1", "old")]
)
def test_the_latest_version_and_a_fixed_one(secret_manager, name, value):
    secret_manager.secrets = {KEY: [b"old", b"new"]}
    assert_that(SecretVersion(name).fetch(), equal_to(value))


def test_a_line_end_stored_with_the_secret_is_dropped(secret_manager):
    secret_manager.secrets = {KEY: [b"hush\n"]}
    assert_that(SecretVersion(KEY).fetch(), equal_to("hush"))


def test_a_passing_outage_of_secret_manager_is_retried(secret_manager):
    secret_manager.secrets = {KEY: [b"hush"]}
    secret_manager.unavailable_times = 1
    assert_that(SecretVersion(KEY).fetch(), equal_to("hush"))


def test_a_missing_secret_is_one_sentence(secret_manager):
    sentence = f"^The secret {KEY}/versions/latest does not exist: create it, or correct its name.$"
    assert_that(calling(SecretVersion(KEY).fetch), raises(CredentialsUnavailableError, sentence))


def test_a_missing_permission_is_one_sentence_that_names_the_role(secret_manager):
    secret_manager.forbidden = {KEY}
    sentence = (
        f"^No permission to read the secret {KEY}/versions/latest: give this account the role "
        "roles/secretmanager.secretAccessor on it.$"
    )
    assert_that(calling(SecretVersion(KEY).fetch), raises(CredentialsUnavailableError, sentence))


def test_a_disabled_version_is_one_sentence(secret_manager):
    secret_manager.secrets = {KEY: [None]}
    sentence = "versions/1 is disabled or destroyed"
    assert_that(calling(SecretVersion(f"{KEY}/versions/1").fetch), raises(CredentialsUnavailableError, sentence))


@pytest.mark.parametrize("data", [b"", b" \n", b"\xff\xfe"])
def test_a_secret_that_is_no_text_is_told_without_showing_it(secret_manager, data):
    secret_manager.secrets = {KEY: [data]}
    assert_that(calling(SecretVersion(KEY).fetch), raises(CredentialsUnavailableError, "holds no plain text"))


def test_an_emulator_on_another_machine_is_refused(monkeypatch):
    monkeypatch.setenv(EMULATOR_VARIABLE, "secrets.example.com:443")
    assert_that(calling(SecretVersion(KEY).fetch), raises(CredentialsUnavailableError, "on this machine"))


def test_the_connection_check_tells_what_secret_manager_said(secret_manager):
    source = CredentialsSource(SecretVersion(SITE), SecretVersion(KEY))
    sentence = f"The secret {SITE}/versions/latest does not exist: create it, or correct its name."
    assert_that(check_connection(source, DeliverySettings()), contains_exactly(False, sentence))


def test_a_pipeline_goes_on_with_the_new_key_after_a_rotation(secret_manager):
    secret_manager.secrets = {KEY: [b"old"], SITE: [b"site"]}
    keys = []

    def respond(request):
        user_and_key = base64.b64decode(request.headers["Authorization"].removeprefix("Basic "))
        keys.append(user_and_key.decode())
        if user_and_key == b"site:new":
            return OK
        secret_manager.secrets[KEY].append(b"new")
        return Respond(401)

    source = CredentialsSource(SecretVersion(SITE), SecretVersion(KEY))
    operation = {"type": "person", "action": "event", "identifiers": {"id": "u"}, "name": "n"}
    with fake_customerio(respond) as fake, beam.Pipeline(runner=FnApiRunner()) as pipeline:
        (
            pipeline
            | beam.Create([(b"u" * 16, (0, json.dumps(operation).encode(), b"{}"))])
            | WriteToCustomerIO(source, DeliverySettings(track_endpoint=fake.url))
        )
    assert_that(keys, contains_exactly("site:old", "site:new"))


def test_a_process_fetches_each_secret_once_however_many_workers_it_has(secret_manager):
    secret_manager.secrets = {KEY: [b"hush"], SITE: [b"site"]}
    source = CredentialsSource(SecretVersion(SITE), SecretVersion(KEY))
    operations = [
        (
            b"%016d" % n,
            (0, json.dumps({"type": "person", "action": "event", "identifiers": {"id": str(n)}}).encode(), b""),
        )
        for n in range(40)
    ]
    options = PipelineOptions([], direct_num_workers=4, direct_running_mode="multi_threading")
    with fake_customerio() as fake, beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
        settings = DeliverySettings(track_endpoint=fake.url, max_batch_operations=1)
        for sink in range(3):
            (
                pipeline
                | f"Create{sink}" >> beam.Create(operations)
                | f"Write{sink}" >> WriteToCustomerIO(source, settings)
            )
    assert_that(fake.received, has_length(120))
    latest = [f"{KEY}/versions/latest", f"{SITE}/versions/latest"]
    assert_that(secret_manager.requested, contains_inanyorder(*latest))


def test_an_emulator_is_called_without_the_environments_proxy(secret_manager, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:9")
    secret_manager.secrets = {KEY: [b"hush"]}
    assert_that(SecretVersion(KEY).fetch(), equal_to("hush"))
