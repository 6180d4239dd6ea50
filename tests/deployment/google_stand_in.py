"""As much of Google Cloud as a launch talks to, on loopback: OAuth tokens, Cloud Storage, and Dataflow's job service.

The launching code is Beam's and Google's own; it speaks HTTP to this server instead of to Google.
"""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import hashlib
import json
import pathlib
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import flask
import google_crc32c
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.serving import make_server

from tests.helpers.pubsub_topics import running_topics


@dataclass
class GoogleStandIn:
    """A running stand-in.

    Attributes:
        port: Its port on 127.0.0.1.
        jobs: The jobs that were submitted, as Dataflow's REST API took them.
        objects: What was uploaded, by ``gs://`` path.
        topics: The variables by which clients find its Pub/Sub topics.
    """

    port: int = 0
    jobs: list[dict[str, Any]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)

    def environment(self, folder: pathlib.Path) -> dict[str, str]:
        """Make a service account's key file in that folder; return the variables that send Google's clients here."""
        key_file = folder / "service-account.json"
        key_file.write_text(json.dumps(self._service_account()))
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(key_file),
            "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{self.port}",
            "no_proxy": "127.0.0.1,localhost",
            **self.topics,
        }

    @property
    def options(self) -> list[str]:
        """The options that send Beam's Dataflow client here; it speaks HTTP to an address with "localhost" alone."""
        return ["--dataflow_endpoint", f"http://localhost:{self.port}"]

    def _service_account(self) -> dict[str, str]:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": "shop-data",
            "private_key_id": "1",
            "private_key": key.decode(),
            "client_email": "launcher@shop-data.iam.gserviceaccount.com",
            "token_uri": f"http://127.0.0.1:{self.port}/token",
        }


@contextlib.contextmanager
def running_google_stand_in() -> Iterator[GoogleStandIn]:
    """Serve a stand-in from a thread until the block ends."""
    stand_in = GoogleStandIn()
    server = make_server("127.0.0.1", 0, _app(stand_in), threaded=True)
    stand_in.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with running_topics() as stand_in.topics:
            yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _app(stand_in: GoogleStandIn) -> flask.Flask:
    app = flask.Flask(__name__)

    @app.post("/token")
    def token() -> Any:
        return {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}

    @app.get("/storage/v1/b/<bucket>")
    def get_bucket(bucket: str) -> Any:
        return {"kind": "storage#bucket", "name": bucket, "location": "EUROPE-WEST1"}

    @app.get("/storage/v1/b/<bucket>/o")
    def list_objects(bucket: str) -> Any:
        prefix = f"gs://{bucket}/" + flask.request.args.get("prefix", "")
        return {"items": [_resource(path, data) for path, data in stand_in.objects.items() if path.startswith(prefix)]}

    @app.get("/storage/v1/b/<bucket>/o/<path:name>")
    def get_object(bucket: str, name: str) -> Any:
        path = f"gs://{bucket}/{urllib.parse.unquote(name)}"
        if path not in stand_in.objects:
            return {"error": {"code": 404, "message": "no such object"}}, 404
        return _resource(path, stand_in.objects[path])

    @app.post("/upload/storage/v1/b/<bucket>/o")
    def upload(bucket: str) -> Any:
        kind = flask.request.args["uploadType"]
        if kind == "multipart":
            metadata, data = _multipart_related(flask.request)
            path = f"gs://{bucket}/{metadata['name']}"
            stand_in.objects[path] = data
            return _resource(path, data)
        name = flask.request.args.get("name") or flask.request.get_json()["name"]
        location = f"{flask.request.host_url}resumable?path={urllib.parse.quote(f'gs://{bucket}/{name}', safe='')}"
        return "", 200, {"Location": location}

    @app.put("/resumable")
    def resumable() -> Any:
        path = flask.request.args["path"]
        stand_in.objects[path] = stand_in.objects.get(path, b"") + flask.request.get_data()
        return _resource(path, stand_in.objects[path])

    @app.get("/v1b3/projects/<project>/locations/<region>/jobs")
    def list_jobs(project: str, region: str) -> Any:
        return {"jobs": stand_in.jobs}

    @app.post("/v1b3/projects/<project>/locations/<region>/jobs")
    def create_job(project: str, region: str) -> Any:
        job = {**flask.request.get_json(), "id": f"job-{len(stand_in.jobs) + 1}"}
        stand_in.jobs.append(job)
        return {key: job[key] for key in ("id", "name", "type", "clientRequestId") if key in job}

    return app


def _resource(path: str, data: bytes) -> dict[str, Any]:
    bucket, _, name = path.removeprefix("gs://").partition("/")
    return {
        "kind": "storage#object",
        "bucket": bucket,
        "name": name,
        "size": str(len(data)),
        "crc32c": base64.b64encode(google_crc32c.Checksum(data).digest()).decode(),
        "md5Hash": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
        "updated": "2024-01-01T00:00:00Z",
    }


def _multipart_related(request: flask.Request) -> tuple[dict[str, Any], bytes]:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.get_data(), policy=email.policy.HTTP)
    metadata, media = message.get_payload()  # type: ignore[misc]
    return json.loads(metadata.get_payload()), media.get_payload(decode=True)  # type: ignore[union-attr]
