"""Visitors' events find the people who claim them."""

from __future__ import annotations

from hamcrest import assert_that, contains_exactly, equal_to
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.delivery.blocks import Row
from customerio_beam.delivery.stitching import join_claims


def event(visitor: bytes, time_ms: int) -> Row:
    return Row(visitor, time_ms, b"operation", b"text", 0, 0)


def claim(visitor: bytes, time_ms: int, person: bytes) -> Row:
    return Row(visitor, time_ms, person, b"", 0, 0)


def people(events: list[Row], claims: list[Row]) -> list[bytes | None]:
    return [person for _, person in join_claims(events, claims)]


def test_an_event_is_of_the_first_claim_at_or_after_it() -> None:
    claims = [claim(b"a", 10, b"ann"), claim(b"a", 20, b"bob"), claim(b"a", 30, b"cid")]
    events = [event(b"a", time) for time in (5, 10, 11, 20, 21, 30)]
    assert_that(people(events, claims), contains_exactly(b"ann", b"ann", b"bob", b"bob", b"cid", b"cid"))


def test_an_event_after_all_claims_is_of_the_last_one() -> None:
    assert_that(people([event(b"a", 9)], [claim(b"a", 1, b"ann"), claim(b"a", 2, b"bob")]), contains_exactly(b"bob"))


def test_an_event_that_nobody_claims_has_no_person() -> None:
    events = [event(visitor, 1) for visitor in (b"a", b"b", b"c", b"d")]
    claims = [claim(b"b", 1, b"bob"), claim(b"bb", 1, b"nobody here"), claim(b"e", 1, b"eve")]
    assert_that(people(events, claims), contains_exactly(None, b"bob", None, None))


rows = st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.integers(0, 6)), max_size=12)


@given(rows, rows)
def test_it_is_the_rule_for_any_events_and_claims(
    events: list[tuple[bytes, int]], claims: list[tuple[bytes, int]]
) -> None:
    of_people = [(visitor, time, f"person {number}".encode()) for number, (visitor, time) in enumerate(sorted(claims))]

    def expected(visitor: bytes, time: int) -> bytes | None:
        own = [(at, person) for claimed, at, person in of_people if claimed == visitor]
        later = [person for at, person in own if at >= time]
        return later[0] if later else own[-1][1] if own else None

    joined = people([event(*each) for each in sorted(events)], [claim(*each) for each in of_people])
    assert_that(joined, equal_to([expected(*each) for each in sorted(events)]))
