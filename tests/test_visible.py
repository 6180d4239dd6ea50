import unicodedata

import pytest
from hamcrest import assert_that, equal_to, less_than_or_equal_to
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.visible import visible


@pytest.mark.parametrize("text", ["", "plan B", "Zoë 東京 🎉", "a\\b", "'\"<>&%"])
def test_what_can_be_seen_stays_as_it_is(text):
    assert_that(visible(text), equal_to(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb\tc\0", "a\\r\\nb\\tc\\x00"),
        ("\x9b31m", "\\x9b31m"),
        ("user\u202efdp.exe", "user\\u202efdp.exe"),
        ("\u2066a\u2069 \u200fb \u061c", "\\u2066a\\u2069 \\u200fb \\u061c"),
        ("a\u200bb\ufeff\u00ad", "a\\u200bb\\ufeff\\xad"),
        ("a\u2028b\u2029\u0085", "a\\u2028b\\u2029\\x85"),
        ("\U000e0041", "\\U000e0041"),
        ("file\udcff", "file\\udcff"),
    ],
)
def test_what_acts_on_a_terminal_is_shown_as_its_escape(text, shown):
    assert_that(visible(text), equal_to(shown))


def test_bytes_that_are_no_text_are_shown_as_their_values():
    assert_that(visible(b"caf\xc3\xa9 \xff\x1b"), equal_to("café \\xff\\x1b"))


@given(st.text() | st.binary())
def test_nothing_but_letters_marks_numbers_signs_and_the_space_remains(text):
    kinds = {unicodedata.category(char)[0] for char in visible(text) if char != " "}
    assert_that(kinds <= set("LMNPS"), equal_to(True))


@given(st.text(max_size=300), st.integers(0, 100))
def test_a_long_text_is_cut_before_it_is_escaped(text, max_chars):
    assert_that(len(visible(text, max_chars)), less_than_or_equal_to(max_chars * len("\\U000e0041") + len("...")))


def test_a_cut_is_told():
    assert_that(visible("x" * 201, 200), equal_to("x" * 200 + "..."))
