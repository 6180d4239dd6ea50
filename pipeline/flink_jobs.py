"""Jobs of a Flink cluster, by the REST API of its JobManager."""

from __future__ import annotations

import requests

__all__ = ["cancel_flink_job"]

#: For each of the two requests: together they take less than an interrupted run has to end.
_TIMEOUT_SECS = 1.5


def cancel_flink_job(master: str, name: str) -> bool:
    """Cancel a job.

    The Job API alone does not: Beam's job server (2.62) forgets a job that it is to cancel, and Flink goes on with it.

    Args:
        master: ``HOST:PORT`` of the JobManager's REST API, or its URL.
        name: The job's name. Of several that run, the newest is cancelled.

    Returns:
        Whether there was such a job.

    Raises:
        requests.RequestException: Flink could not be asked.
    """
    url = master if "://" in master else f"http://{master}"
    answer = requests.get(f"{url}/jobs/overview", timeout=_TIMEOUT_SECS)
    answer.raise_for_status()
    jobs = [job for job in answer.json()["jobs"] if job["name"] == name and job["end-time"] < 0]
    if not jobs:
        return False
    newest = max(jobs, key=lambda job: job["start-time"])
    requests.patch(f"{url}/jobs/{newest['jid']}?mode=cancel", timeout=_TIMEOUT_SECS).raise_for_status()
    return True
