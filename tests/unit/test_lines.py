"""A JSON object as lines of a form, and back."""

from typing import Any

import pytest
from django.forms import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from gamify.admin._lines import LinesField, to_lines

# PostgreSQL's JSON holds no NUL.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_shown_is_read_back_as_it_was(value: dict[str, Any]) -> None:
    assert LinesField(required=False).to_python(to_lines(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("Free shipping: yes", {"Free shipping": "yes"}),
        ("a: 1\r\n\r\nb : true\n", {"a": 1, "b": True}),
        ("time: 10:30", {"time": "10:30"}),
        ("list: [1, 2]", {"list": [1, 2]}),
        ('"a: b": c', {"a: b": "c"}),
        ("empty:", {"empty": ""}),
    ],
)
def test_what_people_write(text: str, value: dict[str, Any]) -> None:
    assert LinesField(required=False).to_python(text) == value


def test_backslash_that_is_one_is_no_nul() -> None:
    assert LinesField(required=False).to_python("a: \\u0000") == {"a": "\\u0000"}


@pytest.mark.parametrize("text", ["no colon", ": nothing before it", "a: 1\na: 2", '"unclosed: 1'])
def test_what_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(ValidationError):
        LinesField(required=False).to_python(text)
