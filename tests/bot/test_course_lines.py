"""A complaint about course.toml names the line that is meant, or the nearest around it."""

import pytest

from bot.course_lines import line_of

TEXT = """[course]
name = "x"   # a comment

[[sources]]
kind = "files"
include = [
  "**/*.md",
]
[[ sources ]]  # the second one
kind = "web"

[groups."telegram:-100"]
mode = "loud"
[limits]
questions_per_day = 0
staff.chat = "x"
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("course", "name"), 2),
        (("course", "nme"), 1),
        (("sources", 0, "files", "include", 0), 6),
        (("sources", 1, "web", "urls"), 9),
        (("sources", 1, "web", "kind"), 10),
        (("groups", "telegram:-100", "mode"), 13),
        (("limits", "questions_per_day"), 15),
        (("limits", "staff", "chat"), 16),
        (("nothing",), None),
        ((), None),
    ],
)
def test_a_place_has_its_line(place: tuple[int | str, ...], line: int | None) -> None:
    assert line_of(TEXT, place) == line
