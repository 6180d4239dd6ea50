"""Looks at the topic for dead letters before anything runs: a job would find out with its first dead letter only."""

from __future__ import annotations

import sys

from customerio_beam.pipeline.errors import OptionError

__all__ = ["check_topic"]

_TIMEOUT_SECS = 20.0
_PUBLISH = "pubsub.topics.publish"


def check_topic(topic: str, *, publishes_here: bool) -> None:
    """Check that a topic exists and, where this account is the one that publishes, that it may.

    If this account may not look at the topic, standard error says that it was not checked. Pub/Sub's emulator knows no
    permissions: there, existing is enough.

    Args:
        topic: ``projects/PROJECT/topics/NAME``.
        publishes_here: Whether the account of this machine publishes; on Dataflow it is the workers' account.

    Raises:
        OptionError: The topic does not exist, can't be reached, or may not be published to.
    """
    from google.api_core import exceptions  # noqa: PLC0415 - most runs write files
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google.cloud import pubsub_v1  # noqa: PLC0415

    option = f"--dead_letter_topic={topic}"
    try:
        with pubsub_v1.PublisherClient() as client:
            client.get_topic(topic=topic, timeout=_TIMEOUT_SECS, retry=None)
            request = {"resource": topic, "permissions": [_PUBLISH]}
            allowed = client.test_iam_permissions(request, timeout=_TIMEOUT_SECS, retry=None).permissions
    except exceptions.NotFound:
        _, project, _, name = topic.split("/")
        raise OptionError(f"{option} does not exist: gcloud pubsub topics create {name} --project {project}.") from None
    except exceptions.PermissionDenied:
        print(f"{option} was not checked: this account may not look at it (roles/pubsub.viewer).", file=sys.stderr)
        return
    except exceptions.MethodNotImplemented:
        return
    except GoogleAuthError as error:
        raise OptionError(f"{option} can't be reached without credentials: {' '.join(str(error).split())}") from None
    except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
        raise OptionError(f"{option} can't be reached: {' '.join(str(error).split())}.") from None
    if publishes_here and _PUBLISH not in allowed:
        raise OptionError(f"{option} may not be published to by this account: grant it roles/pubsub.publisher.")
