"""fake-gcs-server, which speaks the GCS API; the real client finds it by ``STORAGE_EMULATOR_HOST``."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from tests.integration.processes import printed, running
from tests.integration.tools import tool

__all__ = ["Gcs", "running_gcs"]


class Gcs:
    """A GCS server with a bucket."""

    def __init__(self, url: str, bucket: Any) -> None:
        self.url = url
        self._bucket = bucket

    @property
    def environment(self) -> dict[str, str]:
        """What leads Google's clients in another process to it, for objects and for credentials."""
        address = self.url.removeprefix("http://")
        return {
            "STORAGE_EMULATOR_HOST": self.url,
            "GCE_METADATA_HOST": address,
            "GCE_METADATA_IP": address,
            "CLOUDSDK_CONFIG": "no credentials of the person who runs the tests",
        }

    def path(self, name: str) -> str:
        """Returns an object's (or a pattern's) ``gs://`` path."""
        return f"gs://{self._bucket.name}/{name}"

    def write(self, objects: dict[str, bytes]) -> None:
        """Stores objects by name."""
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda item: self._bucket.blob(item[0]).upload_from_string(item[1]), objects.items()))

    def read(self, prefix: str) -> dict[str, bytes]:
        """Returns the objects whose names begin so."""
        return {blob.name: blob.download_as_bytes() for blob in self._bucket.list_blobs(prefix=prefix)}


@contextlib.contextmanager
def running_gcs(folder: pathlib.Path) -> Iterator[Gcs]:
    """Runs a server that keeps everything in memory, with an empty bucket.

    Args:
        folder: Where its log goes.
    """
    log = folder / "gcs.log"
    with running([tool("gcs_server")], log):
        url = printed(log, r"GCS listening on (\S+)")
        client = storage.Client(
            project="integration-test", client_options={"api_endpoint": url}, credentials=AnonymousCredentials()
        )
        try:
            yield Gcs(url, client.create_bucket("events"))
        finally:
            client.close()
