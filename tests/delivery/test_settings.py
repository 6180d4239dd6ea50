import dataclasses
import pickle

import pytest
from hamcrest import assert_that, contains_string, empty, equal_to, not_

from customerio_beam.delivery.endpoint import track_url
from customerio_beam.delivery.settings import DeliverySettings


@pytest.mark.parametrize(
    ("region", "url"), [("us", "https://track.customer.io"), ("eu", "https://track-eu.customer.io")]
)
def test_the_region_decides_the_host(region, url):
    assert_that(track_url(region), equal_to(url))


@pytest.mark.parametrize(
    "url", ["https://gateway.example/cio/", "http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:80"]
)
def test_an_endpoint_that_keeps_the_key_safe_is_taken(url):
    assert_that(track_url("us", url), equal_to(url.rstrip("/")))


@pytest.mark.parametrize(
    "url",
    [
        "http://track.customer.io",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "track.customer.io",
        "https://",
        "https://host/?q=1",
        "https://host/#f",
        "https://host:port",
        "https://[::1",
        "https://host/\x1b[2J",
        "",
    ],
)
def test_any_other_endpoint_is_refused_by_name(url):
    with pytest.raises(ValueError, match="track_endpoint"):
        track_url("us", url)


@pytest.mark.parametrize("url", ["https://site:hush@host", "https:/site:hush@host", "site:hush@host:port"])
def test_a_key_in_the_endpoint_is_not_repeated_in_the_message(url):
    with pytest.raises(ValueError, match="must not hold credentials") as caught:
        track_url("us", url)
    assert_that(str(caught.value), not_(contains_string("hush")))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_region", "uk"),
        ("max_requests_per_second", 0),
        ("max_requests_per_second", float("nan")),
        ("rate_workers", 0),
        ("rate_limit_service", "localhost"),
        ("rate_limit_service", "http://localhost:8081"),
        ("rate_limit_service", "localhost:99999"),
        ("max_batch_bytes", 500_001),
        ("max_batch_bytes", 10_000),
        ("max_batch_operations", 0),
        ("max_in_flight_requests", 0),
        ("ordering", "random"),
        ("max_batch_delay_secs", 0),
        ("num_shards", 0),
        ("max_retry_secs", -1),
        ("on_exhausted", "ignore"),
        ("connect_timeout_secs", 0),
        ("attempt_timeout_secs", float("inf")),
        ("secret_max_age_secs", 0),
        ("rate_workers", 1.5),
        ("rate_workers", True),
        ("max_requests_per_second", "100"),
        ("track_endpoint", 7),
        ("rate_limit_service", "localhost:" + "9" * 5000),
        ("max_sort_bytes", 0),
    ],
)
def test_a_setting_out_of_range_is_refused_by_its_name_and_value(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be .*, not .*{value}"):
        DeliverySettings(**{name: value})


def test_a_worker_gets_its_part_of_the_workspace_budget():
    assert_that(
        DeliverySettings(max_requests_per_second=100, rate_workers=8).worker_requests_per_second, equal_to(12.5)
    )


def test_with_a_rate_limit_service_a_worker_may_use_all_that_it_is_given():
    settings = DeliverySettings(max_requests_per_second=100, rate_workers=8, rate_limit_service="rls:8081")
    assert_that(settings.worker_requests_per_second, equal_to(100))


def test_settings_travel_with_the_pipeline():
    settings = DeliverySettings(account_region="eu")
    assert_that(pickle.loads(pickle.dumps(settings)), equal_to(settings))


def test_no_setting_holds_the_key():
    assert_that([field.name for field in dataclasses.fields(DeliverySettings) if "key" in field.name], empty())
