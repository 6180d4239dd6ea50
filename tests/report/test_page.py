"""The base of HTML reports: whatever text is put in, it is shown and does nothing."""

from __future__ import annotations

from html.parser import HTMLParser

from hamcrest import assert_that, contains_string, equal_to, has_item, not_
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.report.page import Markup, code, page, paragraph, prose, section, table, tiles


class Read(HTMLParser):
    """A page as a browser reads it: its elements, and the text in them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.addresses: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "style")]

    def handle_data(self, data: str) -> None:
        self.text += data


def whole(text: str) -> Markup:
    contents = (
        paragraph(text),
        prose(text.replace("`", "")),
        paragraph(code(text)),
        tiles({text: text}),
        table(text, (text,), [(text,)]),
    )
    return page(text, text, [section(text, *contents)], text)


@given(st.text())
def test_text_makes_no_elements(text: str) -> None:
    assert_that(Read(whole(text)).tags, equal_to(Read(whole("")).tags))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_text_is_shown_as_it_is(text: str) -> None:
    assert_that(Read(paragraph(text)).text, equal_to(text + "\n"))


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    markup = whole("x")
    assert_that(Read(markup).addresses, equal_to([]))
    assert_that(Read(markup).tags, not_(has_item("script")))
    assert_that(markup, contains_string("default-src 'none'"))
    assert_that(markup, not_(contains_string("url(")))


def test_names_in_prose_are_code() -> None:
    assert_that(prose("The field `<type>` is missing."), equal_to("The field <code>&lt;type&gt;</code> is missing."))


def test_a_cell_has_its_columns_name_for_narrow_screens() -> None:
    assert_that(table("Both", ("A", "B"), [("1", "2")]), contains_string('data-label="B"><div>2</div>'))
