"""Word files: their styles as headings, lists, tables and code, by way of HTML."""

import re
from typing import TYPE_CHECKING

from rag.loaders import html, office
from rag.loaders.outline import Page
from rag.types import DocumentUnreadable

if TYPE_CHECKING:
    from mammoth.documents import Paragraph

_CODE = "Source Code"
_STYLES = "\n".join(
    [
        "p[style-name='Title'] => h1:fresh",
        "p[style-name='标题'] => h1:fresh",
        *(f"p[style-name='标题 {level}'] => h{level}:fresh" for level in range(1, 7)),
        f"p[style-name='{_CODE}'] => pre:separator('\\n')",
        "p[style-name='HTML Preformatted'] => pre:separator('\\n')",
    ]
)
_MONOSPACED = re.compile(r"mono|courier|consol|menlo|code", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<p>((?:(?!</?p>).){1,200})</p>")
_NUMBERED = (
    re.compile(r"第[\d一二三四五六七八九十百]+[章篇课讲关]|[一二三四五六七八九十]+、"),
    re.compile(r"[（(][一二三四五六七八九十]+[）)]|第[\d一二三四五六七八九十]+节|\d+\.\d+[\s、.]?(?!\d)"),
    re.compile(r"\d+\.\d+\.\d+"),
)
_LONGEST_HEADING = 60


def load(data: bytes) -> Page:
    """The page of one .docx; DocumentUnreadable says why there is none."""
    import mammoth

    file = office.checked(data)
    try:
        text = mammoth.convert_to_html(
            file,
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda _: {}),
            transform_document=mammoth.transforms.paragraph(_styled),
        ).value
    except (KeyError, ValueError, AttributeError) as error:
        raise DocumentUnreadable("damaged, or not a Word document") from error
    # These lead to places in the file, and would be taken for a heading's name.
    text = re.sub(r'<a id="[^"]*"></a>', "", text)
    if not re.search(r"<h\d", text):
        text = _PARAGRAPH.sub(_headed, text)
    return html.load(re.sub(r"(</(?:p|h\d|li|tr|pre)>)", r"\1\n", text))


def _styled(paragraph: "Paragraph") -> "Paragraph":
    """A paragraph that is monospaced throughout is code, whatever its style is called."""
    import mammoth

    runs = mammoth.transforms.get_descendants_of_type(paragraph, mammoth.documents.Run)
    if runs and all(_MONOSPACED.search(run.font or "") for run in runs):
        return paragraph.copy(style_id=None, style_name=_CODE)
    return paragraph


def _headed(paragraph: re.Match[str]) -> str:
    """In a document without heading styles, short numbered lines and lines all in bold are headings."""
    words = re.sub(r"<[^>]+>", "", paragraph[1]).strip()
    level = next((at for at, mark in enumerate(_NUMBERED, 1) if mark.match(words)), 0)
    if not level and re.fullmatch(r"\s*<strong>(?:(?!</strong>).)+</strong>\s*", paragraph[1]):
        level = 2
    ends = words.endswith(("。", "；", "，", ";", ","))
    return (
        f"<h{level}>{words}</h{level}>"
        if level and len(words) <= _LONGEST_HEADING and not ends
        else paragraph[0]
    )
