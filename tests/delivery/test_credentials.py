import pickle

import pytest

from customerio_beam.delivery.credentials import (
    Credentials,
    CredentialsKeeper,
    CredentialsSource,
    EnvironmentVariable,
    Literal,
)
from customerio_beam.delivery.errors import CredentialsUnavailableError
from customerio_beam.delivery.secret_manager import SecretVersion


def test_credentials_show_neither_site_id_nor_key():
    assert repr(Credentials("site", "hush")) == "Credentials()"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_credentials_are_never_pickled(protocol):
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(Credentials("site", "hush"), protocol)


def test_their_source_is_pickled_in_their_place(monkeypatch):
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "hush")
    source = CredentialsSource(site_id=Literal("site"))
    pickled = pickle.dumps(source)
    assert b"hush" not in pickled
    assert pickle.loads(pickled).fetch() == Credentials("site", "hush")


def test_white_space_around_an_environment_variable_is_dropped(monkeypatch):
    monkeypatch.setenv("CUSTOMERIO_API_KEY", " hush\n")
    assert EnvironmentVariable("CUSTOMERIO_API_KEY").fetch() == "hush"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_environment_variable_is_named(monkeypatch, value):
    monkeypatch.delenv("CUSTOMERIO_API_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("CUSTOMERIO_API_KEY", value)
    with pytest.raises(CredentialsUnavailableError, match="CUSTOMERIO_API_KEY is not set"):
        CredentialsSource(site_id=Literal("site")).fetch()


def test_a_rotated_key_is_fetched_once_for_all_lanes(monkeypatch):
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "old")
    keeper = CredentialsKeeper(CredentialsSource(site_id=Literal("site")))
    refused = keeper.current
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "new")
    keeper.refetch(refused)
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "newer")
    keeper.refetch(refused)
    assert keeper.current.api_key == "new"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "customerio-key",
        "projects/p/secrets/",
        "projects/p/secrets/s/versions/",
        "projects/p/secrets/s/versions/1/x",
        "projects/p/secrets/s s",
        "projects/p/secrets/s\n",
    ],
)
def test_what_is_no_secret_name_is_refused_by_its_option(name):
    with pytest.raises(ValueError, match="--site_id_secret must be a Secret Manager name"):
        SecretVersion(name, option="--site_id_secret")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("projects/p/secrets/s", "secret projects/p/secrets/s/versions/latest"),
        ("projects/p/secrets/s/versions/3", "secret projects/p/secrets/s/versions/3"),
        ("projects/p/locations/eu/secrets/s", "secret projects/p/locations/eu/secrets/s/versions/latest"),
    ],
)
def test_a_secret_is_described_by_its_version(name, place):
    assert str(SecretVersion(name)) == place


def test_the_key_itself_is_no_source():
    with pytest.raises(TypeError, match="Secret Manager or the environment"):
        CredentialsSource(Literal("site"), Literal("hush"))


@pytest.mark.parametrize("value", ["hush\u0142", "hu\nsh", "hu\0sh"])
def test_a_value_that_no_request_could_carry_is_told_without_showing_it(monkeypatch, value):
    class Held:
        def fetch(self):
            return value

        def __str__(self):
            return "the vault"

    with pytest.raises(CredentialsUnavailableError) as caught:
        CredentialsSource(Literal("site"), Held()).fetch()
    assert str(caught.value) == "The value of the vault holds characters that none of Customer.io's has."
