"""Word, PowerPoint, Excel and PDF files give the same sections as pages written by hand."""

import pytest

from rag.loaders import parsed
from rag.types import DocumentUnreadable
from tests.fakes.office_files import docx, paragraph, pdf, pptx_of, table, xlsx

Found = list[tuple[tuple[str, ...], str]]


def found(name: str, data: bytes) -> Found:
    return [(one.heading_path, one.text) for one in parsed(name, data).sections]


def test_a_word_document_keeps_headings_tables_and_code() -> None:
    data = docx(
        paragraph("指南", "Title"),
        paragraph("安装", "heading 2"),
        paragraph("先看"),
        table(["型号", "显存"], ["7B", "16G"]),
        paragraph("pip install x", font="Courier New"),
        paragraph("run()", font="Courier New"),
        styles=["Title", "heading 2"],
    )
    assert found("a.docx", data) == [
        (("指南",), ""),
        (
            ("指南", "安装"),
            "先看\n\n| 型号 | 显存 |\n| --- | --- |\n| 7B | 16G |\n\n```\npip install x\nrun()\n```",
        ),
    ]


def test_a_word_document_without_styles_is_cut_at_its_numbered_and_its_bold_lines() -> None:
    data = docx(
        *map(paragraph, ["一、安装", "文", "1.1 下载", "1.5 倍的显存就够了，不用更多。"]),
        paragraph("注意", bold=True),
        paragraph("尾"),
    )
    assert found("a.docx", data) == [
        (("一、安装",), "文"),
        (("一、安装", "1.1 下载"), "1.5 倍的显存就够了，不用更多。"),
        (("一、安装", "注意"), "尾"),
    ]


def test_a_slide_is_a_section_with_its_list_its_table_and_its_notes() -> None:
    data = pptx_of(("第一课", "一行", ""), ("", "装\n跑", "讲慢一点"), rows=[["模型", "显存"], ["7B", "16G"]])
    assert found("a.pptx", data) == [
        (("第一课",), "一行"),
        (("Slide 2",), "- 装\n- 跑\n\n| 模型 | 显存 |\n| --- | --- |\n| 7B | 16G |\n\n讲慢一点"),
    ]


def test_a_sheet_is_a_section_with_its_table() -> None:
    rows: list[list[object]] = [["课程表"], [], ["课", "分"], ["Linux", 50.0], ["Git|Hub", 2.5, None]]
    assert found("a.xlsx", xlsx(日程=rows, hidden=[["x"]])) == [
        (("日程",), "课程表\n\n| 课 | 分 |\n| --- | --- |\n| Linux | 50 |\n| Git\\|Hub | 2.5 |")
    ]


def test_questions_and_answers_of_a_sheet_are_pairs() -> None:
    sections = parsed("a.xlsx", xlsx(FAQ=[["问题", "答案", "课"], ["怎么装？", "用 pip", 3]])).sections
    pair = sections[-1]
    assert (pair.heading_path, pair.text, pair.kind) == (("FAQ", "怎么装？"), "用 pip\n\n课: 3", "qa")


def test_a_pdf_is_cut_at_its_outline_and_its_wrapped_lines_are_joined() -> None:
    data = pdf(
        [
            ("1 安装", 50, 750, 15),
            ("这里说的是怎样把环境装好，一行写不", 50, 700, 10),
            ("完就接着写。", 50, 688, 10),
            ("A line of English that is imple-", 50, 650, 10),
            ("mented on two of them, as lines are", 50, 638, 10),
            ("often.", 50, 626, 10),
        ],
        [("1.1 下载", 50, 750, 12), ("pip list", 60, 700, 8), ("if x:", 60, 690, 8), ("y()", 79, 680, 8)],
        outline=[("1 安装", 0), ("下载", 1)],
        mono=["pip list", "if x:", "y()"],
    )
    assert found("a.pdf", data) == [
        (
            ("1 安装",),
            "这里说的是怎样把环境装好，一行写不完就接着写。\n\n"
            "A line of English that is implemented on two of them, as lines are often.",
        ),
        (("下载",), "```\npip list\nif x:\n    y()\n```"),
    ]


def test_a_pdf_without_an_outline_is_cut_at_its_larger_lines() -> None:
    text = ("plain text that is there to be more than the headings are", 50, 700, 10)
    more = ("and a second line of it that says nothing in particular", 50, 688, 10)
    data = pdf([("Guide", 50, 760, 20), text, more], [("Install", 50, 760, 14), text], [text, more])
    assert [path for path, _ in found("a.pdf", data)] == [("Guide",), ("Guide", "Install")]


@pytest.mark.parametrize(("text", "name"), [("第一页的文字", "第 2 页"), ("text", "Page 2")])
def test_a_pdf_without_headings_has_a_section_a_page(text: str, name: str) -> None:
    page = parsed("a.pdf", pdf([(text, 50, 700, 10)], [(f"{text} more", 50, 700, 10)]))
    assert (page.title, page.sections[1].heading_path) == ("", (name,))


def test_what_stands_on_every_page_of_a_pdf_is_left_out() -> None:
    pages = [
        [("The course", 50, 780, 8), (f"text {one}", 50, 400, 10), (f"- {one} -", 300, 20, 8)]
        for one in range(4)
    ]
    assert [text for _, text in found("a.pdf", pdf(*pages))] == [f"text {one}" for one in range(4)]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.pdf", pdf([]), "no text in it, perhaps a scan"),
        ("a.pdf", pdf([("secret", 50, 700, 10)], locked=True), "encrypted"),
        ("a.pdf", b"%PDF-1.7 and no more", "damaged"),
        ("a.docx", b"no archive", "damaged"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "encrypted or of an old format"),
        ("a.docx", xlsx(a=[["b"]]), "damaged, or not a Word"),
        ("a.pptx", xlsx(a=[["b"]]), "damaged, or not a PowerPoint"),
        ("a.xlsx", docx(), "damaged, or not an Excel"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_with_the_reason(
    name: str, data: bytes, reason: str
) -> None:
    with pytest.raises(DocumentUnreadable, match=reason):
        parsed(name, data)
