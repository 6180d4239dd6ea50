"""Tells whether a job with these settings could deliver, before anything is launched."""

from __future__ import annotations

from typing import Any, NamedTuple

from customerio_beam.delivery.answers import Answer
from customerio_beam.delivery.client import HttpRequest, TrackClient, proxy_of
from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.endpoint import REGION_URLS
from customerio_beam.delivery.errors import CredentialsUnavailableError
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping import json_text
from customerio_beam.visible import visible

__all__ = ["ConnectionCheck", "check_connection"]

_EXCERPT_CHARS = 100


class ConnectionCheck(NamedTuple):
    """The outcome of a check.

    Attributes:
        works: Whether a job could deliver.
        sentence: For a person: that it works, or what is wrong and what to do.
    """

    works: bool
    sentence: str


def check_connection(source: CredentialsSource, settings: DeliverySettings) -> ConnectionCheck:
    """Fetch the credentials and ask the Track API which region they belong to. Sends no event and changes nothing."""
    try:
        credentials = source.fetch()
    except CredentialsUnavailableError as error:
        return ConnectionCheck(False, str(error))
    client = TrackClient(
        settings.base_url,
        connect_timeout_secs=settings.connect_timeout_secs,
        attempt_timeout_secs=settings.attempt_timeout_secs,
    )
    try:
        answer = client.attempt(HttpRequest("GET", "/api/v1/accounts/region"), credentials)
    finally:
        client.close()
    return _explain(answer, source, settings)


def _explain(answer: Answer, source: CredentialsSource, settings: DeliverySettings) -> ConnectionCheck:
    region = settings.account_region
    proxy = proxy_of(settings.base_url)
    place = settings.base_url if proxy is None else f"{settings.base_url} through the proxy {proxy}"
    if answer.status is None:
        return ConnectionCheck(
            False,
            f"No connection to {place}: {answer.failure}. Check the network, a proxy or firewall in between, and "
            "track_endpoint if it is set.",
        )
    if answer.status in (401, 403):
        return ConnectionCheck(
            False,
            f"{place} refused the credentials (status {answer.status}): check the Site ID ({source.site_id}), the "
            f"Track API key ({source.api_key}) and account_region ({region}).",
        )
    if 300 <= answer.status <= 399:
        return _wrong_region(region, "eu" if region == "us" else "us")
    if answer.status != 200:
        return ConnectionCheck(
            False, f"{place} responded with status {answer.status}: try again in a minute, and check track_endpoint."
        )
    account = _account(answer.body)
    if account is None:
        return ConnectionCheck(
            False, f"{place} does not respond like Customer.io's Track API: check track_endpoint and the network."
        )
    if account.get("region", region) != region:
        return _wrong_region(region, _shown(account["region"]))
    workspace = account.get("environment_id")
    named = "" if workspace is None else f" to workspace {_shown(workspace)}"
    return ConnectionCheck(True, f"The connection{named} at {place} works.")


def _wrong_region(region: str, other: str) -> ConnectionCheck:
    what_to_do = f"Set account_region to {other}." if other in REGION_URLS else "Check track_endpoint."
    return ConnectionCheck(False, f"The account does not live in region {region}, but in {other}. {what_to_do}")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json_text.dumps(value)
    return visible(text, _EXCERPT_CHARS)


def _account(body: bytes) -> dict[str, Any] | None:
    try:
        document = json_text.loads(body)
    except json_text.InvalidJson:
        return None
    return document if isinstance(document, dict) else None
