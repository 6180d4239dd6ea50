import pickle
import threading

import pytest
from hamcrest import assert_that, contains_string, equal_to, has_length, is_in, not_, same_instance, starts_with

from customerio_beam.delivery.credentials import (
    Credentials,
    CredentialsKeeper,
    CredentialsSource,
    EnvironmentVariable,
    Literal,
)
from customerio_beam.delivery.errors import CredentialsUnavailableError
from customerio_beam.delivery.secret_manager import SecretVersion
from customerio_beam.delivery.workspace import shared_workspace


def test_credentials_show_neither_site_id_nor_key():
    assert_that(repr(Credentials("site", "hush")), equal_to("Credentials()"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_credentials_are_never_pickled(protocol):
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(Credentials("site", "hush"), protocol)


def test_their_source_is_pickled_in_their_place(monkeypatch):
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "hush")
    source = CredentialsSource(site_id=Literal("site"))
    pickled = pickle.dumps(source)
    assert_that(b"hush", not_(is_in(pickled)))
    assert_that(pickle.loads(pickled).fetch(), equal_to(Credentials("site", "hush")))


def test_white_space_around_an_environment_variable_is_dropped(monkeypatch):
    monkeypatch.setenv("CUSTOMERIO_API_KEY", " hush\n")
    assert_that(EnvironmentVariable("CUSTOMERIO_API_KEY").fetch(), equal_to("hush"))


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_environment_variable_is_named(monkeypatch, value):
    monkeypatch.delenv("CUSTOMERIO_API_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("CUSTOMERIO_API_KEY", value)
    with pytest.raises(CredentialsUnavailableError, match="CUSTOMERIO_API_KEY is not set"):
        CredentialsSource(site_id=Literal("site")).fetch()


@pytest.fixture
def keep(monkeypatch):
    """Make a keeper, with a clock that it reads and a list of what was fetched."""
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "first")
    now = [0.0]
    fetched = []

    class Counted(EnvironmentVariable):
        def fetch(self):
            fetched.append(super().fetch())
            return fetched[-1]

    source = CredentialsSource(site_id=Literal("site"), api_key=Counted("CUSTOMERIO_API_KEY"))
    return CredentialsKeeper(source, max_age_secs=3600, monotonic=lambda: now[0]), now, fetched


def test_credentials_are_fetched_when_they_are_needed_and_once(keep):
    keeper, _, fetched = keep
    assert_that(fetched, equal_to([]))
    assert_that([keeper.current.api_key for _ in range(3)], equal_to(["first"] * 3))
    assert_that(fetched, equal_to(["first"]))


def test_threads_that_need_them_at_once_fetch_them_once(keep):
    keeper, _, fetched = keep
    together = threading.Barrier(8)
    threads = [threading.Thread(target=lambda: (together.wait(), keeper.current)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_that(fetched, equal_to(["first"]))


def test_a_rotated_key_is_fetched_once_for_all_lanes(keep, monkeypatch):
    keeper, _, fetched = keep
    refused = keeper.current
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "new")
    keeper.refetch(refused)
    keeper.refetch(refused)
    assert_that((keeper.current.api_key, fetched), equal_to(("new", ["first", "new"])))


def test_credentials_that_are_too_old_are_fetched_again(keep, monkeypatch):
    keeper, now, fetched = keep
    assert_that(keeper.current.api_key, equal_to("first"))
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "new")
    now[0] = 3599.0
    assert_that(keeper.current.api_key, equal_to("first"))
    now[0] = 3600.0
    assert_that([keeper.current.api_key for _ in range(2)], equal_to(["new", "new"]))
    assert_that(fetched, equal_to(["first", "new"]))


def test_old_credentials_are_used_on_while_they_can_not_be_fetched(keep, monkeypatch, caplog):
    keeper, now, _ = keep
    assert_that(keeper.current.api_key, equal_to("first"))
    monkeypatch.delenv("CUSTOMERIO_API_KEY")
    now[0] = 3600.0
    assert_that([keeper.current.api_key for _ in range(3)], equal_to(["first"] * 3))
    (record,) = caplog.records
    assert_that(record.getMessage(), starts_with("Going on with the credentials in use: The environment variable"))
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "new")
    now[0] = 3660.0
    assert_that(keeper.current.api_key, equal_to("new"))


def test_credentials_that_can_not_be_fetched_at_first_are_an_error_each_time(keep, monkeypatch):
    keeper, _, _ = keep
    monkeypatch.delenv("CUSTOMERIO_API_KEY")
    for _ in range(2):
        with pytest.raises(CredentialsUnavailableError):
            keeper.current  # noqa: B018  (reading it is the test)


def test_a_process_has_one_workspace_however_often_a_sink_is_copied():
    source = CredentialsSource(site_id=Literal("site"), api_key=SecretVersion("projects/p/secrets/s"))
    copies = [pickle.loads(pickle.dumps(source)) for _ in range(3)]
    workspaces = {id(shared_workspace(copy, "https://one.example", 3600.0)) for copy in [source, *copies]}
    assert_that(workspaces, has_length(1))


@pytest.mark.parametrize(
    ("source", "url", "age"),
    [
        (CredentialsSource(site_id=Literal("other")), "https://one.example", 3600.0),
        (CredentialsSource(site_id=Literal("site")), "https://two.example", 3600.0),
        (CredentialsSource(site_id=Literal("site")), "https://one.example", 60.0),
    ],
)
def test_other_settings_make_another_workspace(source, url, age):
    first = shared_workspace(CredentialsSource(site_id=Literal("site")), "https://one.example", 3600.0)
    assert_that(shared_workspace(source, url, age), not_(same_instance(first)))


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
        "projects/p\x1b[2J/secrets/s",
    ],
)
def test_what_is_no_secret_name_is_refused(name):
    with pytest.raises(ValueError, match=r"^resource must be a Secret Manager name like projects/PROJECT/secrets/SEC"):
        SecretVersion(name)


def test_a_key_given_as_a_secrets_name_is_not_repeated():
    with pytest.raises(ValueError, match="not shown") as caught:
        SecretVersion("hush-hush")
    assert_that(str(caught.value), not_(contains_string("hush")))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("projects/p/secrets/s", "secret projects/p/secrets/s/versions/latest"),
        ("projects/p/secrets/s/versions/3", "secret projects/p/secrets/s/versions/3"),
        ("projects/p/locations/eu/secrets/s", "secret projects/p/locations/eu/secrets/s/versions/latest"),
    ],
)
def test_a_secret_is_described_by_its_version(name, place):
    assert_that(str(SecretVersion(name)), equal_to(place))


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
    assert_that(str(caught.value), equal_to("The value of the vault has characters that Customer.io doesn't use."))
