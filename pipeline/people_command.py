"""``people``: suppress, unsuppress, delete or unsubscribe the people of a list."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from customerio_beam.delivery.clock import SystemClock
from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.session import DeliverySession
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.delivery.workspace import shared_workspace
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.people.actions import Action
from customerio_beam.people.blocklist import add_to_blocklist
from customerio_beam.people.listing import PersonList
from customerio_beam.people.private_log import PrivateLog, PrivateLogError
from customerio_beam.people.sending import carry_out
from customerio_beam.pipeline.command_settings import PeopleSettings
from customerio_beam.pipeline.commands import Given
from customerio_beam.pipeline.credentials import credentials_source
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.exit_status import exit_status
from customerio_beam.pipeline.job_settings import CredentialsSettings
from customerio_beam.pipeline.people_list import open_people
from customerio_beam.transforms.rate_limit_service import rate_limit_of

__all__ = ["run"]

#: The actions after which a person's events must not bring them back.
_BLOCKING: tuple[Action, ...] = ("suppress", "delete")


def run(given: Given) -> int:
    """Carry out the action.

    Returns:
        0: Customer.io accepted it for everybody; 1: delivery failed, for the reason that is printed; 3: it was not
        accepted for some, and the receipts say for whom.

    Raises:
        OptionError: An option can't be right, or the number of rows is not confirmed.
    """
    options = given[PeopleSettings]
    action = options.action
    assert action is not None and options.ids is not None and options.receipts is not None  # noqa: S101
    if options.blocklist is not None and action not in _BLOCKING:
        raise OptionError(f"--blocklist={options.blocklist} is for --action suppress and delete only, not {action}.")
    people = open_people(options.ids, given[MappingSettings].identify_by)
    if options.confirm != people.rows:
        raise OptionError(_unconfirmed(options, people))
    try:
        source = credentials_source(given[CredentialsSettings])
    except ValueError as error:
        raise OptionError(f"--{error}.") from None
    receipts = Path(options.receipts)
    blocklist = None if options.blocklist is None else Path(options.blocklist)
    settings = given[DeliverySettings]
    return exit_status(
        lambda: _run(settings, source, action, people, receipts=receipts, blocklist=blocklist), "The command"
    )


def _run(
    settings: DeliverySettings,
    source: CredentialsSource,
    action: Action,
    people: PersonList,
    *,
    receipts: Path,
    blocklist: Path | None,
) -> int:
    workspace = shared_workspace(source, settings.base_url, settings.secret_max_age_secs)
    rate_limit = rate_limit_of(settings, workspace)  # fetches the credentials, before anything is written
    try:
        with PrivateLog(receipts) as log:
            if blocklist is not None:
                # Before anything is sent: no interruption may leave somebody deleted whom their next event brings back.
                added = add_to_blocklist(blocklist, people.people)
                print(f"Added {added:,} lines to {blocklist}")
            session = DeliverySession(workspace, rate_limit, settings, SystemClock())
            try:
                counts = carry_out(
                    people.people,
                    action,
                    session.start_bundle(),
                    log,
                    workspace=workspace.identity,
                    clock=SystemClock(),
                )
            finally:
                session.close()
    except PrivateLogError as error:
        raise OptionError(str(error)) from None
    _print_summary(action, counts, receipts)
    return 0 if counts.total() == counts["accepted"] else 3


def _unconfirmed(options: PeopleSettings, people: PersonList) -> str:
    given = "" if options.confirm is None else f", not {options.confirm:,}"
    return (
        f"--ids={options.ids} has {people.rows:,} rows{given}: nothing was sent. To {options.action} these people, add "
        f"--confirm {people.rows}."
    )


def _print_summary(action: Action, counts: Counter[str], receipts: Path) -> None:
    print(f"  {action + ': people':<24}{counts.total():>12,}")
    for answer, count in counts.most_common():
        print(f"    {answer:<22}{count:>12,}")
    print(f"Receipts are in {receipts}")
