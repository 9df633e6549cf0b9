"""Sections become passages that can be found, quoted and linked to."""

from dataclasses import replace

from rag.loaders import load
from rag.splitter import split
from rag.types import Document, Passage


def document(text: str, name: str = "a.md") -> Document:
    page = load(name, text.encode())
    return Document(
        f"docs/{name}", name, page.title, f"/read/docs/{name}", "r1", page.sections, "camp4", "L1"
    )


def passages(text: str, longest: int = 60) -> tuple[Passage, ...]:
    return split(document(text), longest)


def test_a_short_section_is_one_passage_and_an_empty_one_none() -> None:
    found = passages("# A\n## B\ntext\n")
    assert [(one.heading_path, one.text, one.url) for one in found] == [
        (("A", "B"), "text", "/read/docs/a.md#b"),
    ]
    assert (found[0].cohort, found[0].session, found[0].revision, found[0].span) == (
        "camp4",
        "L1",
        "r1",
        (2, 3),
    )


def test_a_long_section_is_cut_between_paragraphs_and_nothing_is_lost() -> None:
    paragraphs = [f"{number} " + "词" * 30 for number in range(5)]
    found = passages("# A\n" + "\n\n".join(paragraphs))
    assert len(found) > 1
    assert [one for part in found for one in part.text.split("\n\n")] == paragraphs


def test_a_code_fence_is_not_cut() -> None:
    fence = "```bash\n" + "\n\n".join(f"step {number}" for number in range(8)) + "\n```"
    found = passages(f"# A\n{'词' * 40}\n\n{fence}\n\n{'词' * 40}", longest=80)
    assert fence in [one.text for one in found]


def test_a_code_fence_longer_than_a_passage_stays_whole() -> None:
    fence = "```bash\n" + "\n\n".join(f"step {number}" for number in range(40)) + "\n```"
    assert fence in [one.text for one in passages(f"# A\n{'词' * 40}\n\n{fence}\n\n{'词' * 40}")]


def test_a_pasted_output_is_cut_by_its_lines() -> None:
    lines = [f"step {number} done" for number in range(400)]
    found = passages("# A\n```\n" + "\n".join(lines) + "\n```\n")
    pieces = [one.text.split("\n") for one in found]
    assert max(len(one.text) for one in found) <= 60
    assert {(piece[0], piece[-1]) for piece in pieces} == {("```", "```")}
    assert [line for piece in pieces for line in piece[1:-1]] == lines


def test_each_piece_of_long_code_is_a_closed_fence_and_what_follows_is_none() -> None:
    found = passages("# A\n~~~bash\n" + "x" * 4000 + "\n~~~\n" + "词" * 50 + "\n\n~~~\nopen\n" + "y" * 4000)
    assert max(len(one.text) for one in found) <= 60
    code = [one.text.split("\n") for one in found if one.text.startswith("~~~")]
    assert {piece[-1] for piece in code} == {"~~~"}
    assert {piece[0] for piece in code} == {"~~~bash", "~~~"}
    assert [one.text for one in found if not one.text.startswith("~~~")] == ["词" * 50]


def test_each_piece_of_a_long_table_has_its_header() -> None:
    head, rows = ["| 型号 | 显存 |", "| --- | --- |"], [f"| {number}B | {number}G |" for number in range(20)]
    found = passages("# A\n前\n" + "\n".join([*head, *rows]) + "\n\n后")
    tables = [one.text.split("\n") for one in found]
    assert len(tables) > 3
    assert all(len("\n".join(table)) <= 60 and table[:2] == head for table in tables[1:])
    assert [row for table in tables for row in table if "B |" in row] == rows
    assert found[-1].text.endswith("\n\n后")


def test_a_row_longer_than_a_passage_stays_whole_and_one_beyond_all_bounds_does_not() -> None:
    table = "# A\n| a | b |\n|---|---|\n"
    assert f"| 1 | {'词' * 900} |" in passages(f"{table}| 1 | {'词' * 900} |\n")[-1].text
    assert max(len(one.text) for one in passages(f"{table}| 1 | {'词' * 9000} |\n", 800)) < 1000


def test_a_row_of_a_table_that_is_too_long_is_not_cut() -> None:
    rows = [f"| {number} | {'词' * 30} |" for number in range(4)]
    found = passages("# A\n" + "\n".join(rows))
    assert [line for one in found for line in one.text.split("\n")] == rows


def test_a_line_that_is_too_long_is_cut_between_sentences() -> None:
    text = "".join(f"{'词' * 25}{number}。" for number in range(5)) + "长" * 130
    parts = [one.text for one in passages(f"# A\n{text}\n")]
    assert "".join(parts) == text
    assert max(map(len, parts)) <= 60
    assert all(part.endswith("。") for part in parts[:2])


def test_an_answer_stays_with_its_question() -> None:
    answer = "\n\n".join("词" * 30 for _ in range(4))
    (found,) = split(document(f'question,answer\n怎么转？,"{answer}"\n', "qa.csv"), 60)
    assert (found.heading, found.text, found.kind) == ("怎么转？", answer, "qa")


def test_spans_of_parts_follow_each_other() -> None:
    found = passages("# A\n" + "\n\n".join("词" * 40 for _ in range(3)))
    assert [one.span for one in found] == [(2, 3), (4, 5), (6, 6)]


def test_an_id_names_the_place_and_stays_when_the_text_changes() -> None:
    before, after = passages("# A\none\n# B\ntwo"), passages("# A\nother\n# B\ntwo")
    assert [one.id for one in before] == [one.id for one in after]
    assert len({one.id for one in before}) == 2


def test_an_id_stays_when_something_else_in_the_document_changes() -> None:
    text = "# A\n## Setup\none\n# B\n## Setup\ntwo\n\n" + "\n\n".join("词" * 40 for _ in range(3))
    before = {one.id: one.text for one in passages(text)}
    for edited in (
        text.replace("one", "other"),
        "# New\n## Setup\nnew\n" + text,
        text + "\n\nmore",
        text.replace("# B", "# B\nnew\n## Setup too\nnew"),
    ):
        after = {one.id: one.text for one in passages(edited)}
        assert before.keys() <= after.keys()
        assert sum(after[id] != text for id, text in before.items()) <= 1


def test_sections_under_the_same_headings_keep_apart() -> None:
    found = passages("# A\none\n# A\ntwo\n# A\nthree")
    assert len({one.id for one in found}) == 3


def test_the_same_place_in_another_document_is_another_passage() -> None:
    one = document("# A\none")
    assert split(one)[0].id != split(replace(one, id="other/a.md"))[0].id
