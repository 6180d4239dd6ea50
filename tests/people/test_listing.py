"""A list of people: each form that is read, and each mistake that is refused by its line."""

from __future__ import annotations

import io
import string

import pytest
from hamcrest import assert_that, calling, contains_exactly, equal_to, raises
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.mapping.settings import IdentifyBy
from customerio_beam.people.listing import ListError, PersonList, read_people


def people_of(text: str | bytes, identify_by: IdentifyBy = "auto") -> PersonList:
    data = text.encode() if isinstance(text, str) else text
    return read_people(io.BytesIO(data), "list.txt", identify_by)


def identifiers_of(text: str | bytes, identify_by: IdentifyBy = "auto") -> list[dict[str, str]]:
    return [dict(person.identifiers) for person in people_of(text, identify_by).people]


def test_a_line_is_an_id_an_email_or_customerios_own_id() -> None:
    assert_that(
        identifiers_of("u1\nada@example.com\ncio_0a1b\n"),
        contains_exactly({"id": "u1"}, {"email": "ada@example.com"}, {"cio_id": "0a1b"}),
    )


@pytest.mark.parametrize(
    ("identify_by", "line", "identifiers"),
    [("id", "ada@example.com", {"id": "ada@example.com"}), ("phone", "+14155552671", {"phone": "+14155552671"})],
)
def test_a_line_names_a_person_as_the_mapping_does(identify_by: IdentifyBy, line: str, identifiers: object) -> None:
    assert_that(identifiers_of(line, identify_by), contains_exactly(identifiers))


def test_a_csv_row_names_one_person_by_each_of_its_cells() -> None:
    listed = identifiers_of('email,id,cio_id\r\n"ada@example.com",u1,\r\n,u2,cio_9f\r\n')
    assert_that(listed, contains_exactly({"email": "ada@example.com", "id": "u1"}, {"id": "u2", "cio_id": "9f"}))


def test_an_id_with_a_comma_goes_into_a_csv_list() -> None:
    assert_that(identifiers_of('id\n"a,b"\n'), contains_exactly({"id": "a,b"}))


def test_blank_lines_white_space_and_a_byte_order_mark_mean_nothing() -> None:
    assert_that(identifiers_of("\ufeff\n u1 \r\n\r\nu2"), contains_exactly({"id": "u1"}, {"id": "u2"}))


def test_a_repeated_row_is_counted_and_listed_once() -> None:
    listed = people_of("u1\nu2\nu1\n")
    assert_that((listed.rows, [person.given for person in listed.people]), equal_to((3, ["u1", "u2"])))


@given(st.lists(st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=30), min_size=1))
def test_a_csv_column_of_ids_lists_those_of_plain_lines(names: list[str]) -> None:
    names = [f"u-{name}" for name in names]
    plain, table = "\n".join(names), "id\n" + "\n".join(names)
    assert_that(identifiers_of(table), equal_to(identifiers_of(plain)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "list.txt names nobody"),
        ("id,email\n", "list.txt names nobody"),
        ("u1\nundefined\n", "list.txt:2: the identifier is a word for nothing"),
        ("id,email\nu1,NULL\n", "list.txt:2: the identifier is a word for nothing"),
        ("u1,ada@example.com\n", "list.txt:1: the line looks like CSV"),
        ("u1\n\nu2,u3\n", "list.txt:3: the line looks like CSV"),
        ("id,phone\nu1,+1\n", "list.txt:1: the line looks like CSV"),
        ("id,email\nu1,u1@example.com,x\n", "list.txt:2: the row has 3 cells, and the header 2 columns"),
        ("id,email\n,\n", "list.txt:2: the row names nobody"),
        ("id,email\nu1,Ada\n", "list.txt:2: the column email holds something else"),
        ('id\n"u1\n', "list.txt:2: unexpected end of data"),
        ("u1\n" + "x" * 151, "list.txt:2: userId is 151 bytes"),
        ("x" * 1001, "list.txt:1: the line has more than 1,000 bytes"),
        (b"u1\n\xff\n", "list.txt:2: the line is not UTF-8 text"),
    ],
)
def test_a_mistake_is_refused_by_its_line(text: str | bytes, sentence: str) -> None:
    assert_that(calling(people_of).with_args(text), raises(ListError, f"^{sentence}"))


def test_no_error_repeats_an_identifier() -> None:
    with pytest.raises(ListError) as caught:
        people_of("id,email\nu1,ada.lovelace\n")
    assert_that("ada.lovelace" in str(caught.value), equal_to(False))
