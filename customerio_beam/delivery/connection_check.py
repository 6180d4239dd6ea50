"""Tells whether a job with these settings could deliver, before anything is launched."""

from __future__ import annotations

from typing import Any, NamedTuple

from customerio_beam.delivery.answers import Answer
from customerio_beam.delivery.client import HttpRequest, TrackClient
from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.endpoint import REGION_URLS
from customerio_beam.delivery.errors import CredentialsUnavailableError
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping import json_text

__all__ = ["ConnectionCheck", "check_connection"]


class ConnectionCheck(NamedTuple):
    """What a check found.

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
        read_timeout_secs=settings.read_timeout_secs,
    )
    try:
        answer = client.attempt(HttpRequest("GET", "/api/v1/accounts/region"), credentials)
    finally:
        client.close()
    return _explain(answer, source, settings)


def _explain(answer: Answer, source: CredentialsSource, settings: DeliverySettings) -> ConnectionCheck:
    region, url = settings.account_region, settings.base_url
    if answer.status is None:
        return ConnectionCheck(
            False,
            f"No connection to {url}: {answer.failure}. Check the network, a proxy or firewall in between, and "
            "--track_endpoint if it is set.",
        )
    if answer.status in (401, 403):
        return ConnectionCheck(
            False,
            f"{url} refused the credentials (status {answer.status}): check the Site ID ({source.site_id}), the Track "
            f"API key ({source.api_key}) and the region (--account_region={region}).",
        )
    if 300 <= answer.status <= 399:
        return _wrong_region(region, "eu" if region == "us" else "us")
    if answer.status != 200:
        return ConnectionCheck(
            False, f"{url} answered with status {answer.status}: try again in a minute, and check --track_endpoint."
        )
    account = _account(answer.body)
    if account is None:
        return ConnectionCheck(
            False, f"{url} does not answer like Customer.io's Track API: check --track_endpoint and the network."
        )
    if account.get("region", region) != region:
        return _wrong_region(region, str(account["region"]))
    workspace = account.get("environment_id")
    named = "" if workspace is None else f" to workspace {workspace}"
    return ConnectionCheck(True, f"The connection{named} at {url} works.")


def _wrong_region(region: str, other: str) -> ConnectionCheck:
    what_to_do = f"Set --account_region={other}." if other in REGION_URLS else "Check --track_endpoint."
    return ConnectionCheck(False, f"The account does not live in region {region}, but in {other}. {what_to_do}")


def _account(body: bytes) -> dict[str, Any] | None:
    try:
        document = json_text.loads(body)
    except json_text.InvalidJson:
        return None
    return document if isinstance(document, dict) else None
