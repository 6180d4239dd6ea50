"""The source of the credentials that the settings name."""

from __future__ import annotations

from customerio_beam.delivery.credentials import (
    API_KEY_VARIABLE,
    SITE_ID_VARIABLE,
    CredentialsSource,
    EnvironmentVariable,
    Literal,
    ValueSource,
)
from customerio_beam.delivery.secret_manager import SecretVersion
from customerio_beam.pipeline.job_settings import CredentialsSettings

__all__ = ["credentials_source"]


def credentials_source(given: CredentialsSettings) -> CredentialsSource:
    """Return where the Site ID and the Track API key come from: the secrets that are named, else the environment.

    Raises:
        ValueError: The Site ID is given twice, or a secret's name can't be one. The sentence begins with the setting.
    """
    site_id: ValueSource = EnvironmentVariable(SITE_ID_VARIABLE)
    api_key: ValueSource = EnvironmentVariable(API_KEY_VARIABLE)
    if given.site_id and given.site_id_secret:
        raise ValueError("site_id and site_id_secret are both given: give one")
    if given.site_id:
        site_id = Literal(given.site_id)
    elif given.site_id_secret:
        site_id = _secret("site_id_secret", given.site_id_secret)
    if given.api_key_secret:
        api_key = _secret("api_key_secret", given.api_key_secret)
    return CredentialsSource(site_id, api_key)


def _secret(setting: str, name: str) -> SecretVersion:
    try:
        return SecretVersion(name)
    except ValueError as error:
        raise ValueError(f"{setting}{str(error).removeprefix('resource')}") from None
