"""Files of office programs and PDFs, written on the spot."""

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence

import openpyxl
import pptx
from pptx.util import Inches

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r" Target="word/document.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
    "</Relationships>"
)


_NONE: Mapping[str, bytes] = {}


def paragraph(text: str, style: str = "", font: str = "", bold: bool = False) -> str:
    """A paragraph of a Word document; `style` is the id and the name of its style."""
    marks = f'<w:rFonts w:ascii="{font}"/>' * bool(font) + "<w:b/>" * bold
    place = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' * bool(style)
    return f"<w:p>{place}<w:r><w:rPr>{marks}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def table(*rows: Sequence[str]) -> str:
    """A table of a Word document."""
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def docx(
    *blocks: str, styles: Sequence[str] = (), head: str = "", others: Mapping[str, bytes] = _NONE
) -> bytes:
    """A Word document of the blocks; `head` goes before its XML, `others` are further files by name."""
    named = "".join(
        f'<w:style w:type="paragraph" w:styleId="{one}"><w:name w:val="{one}"/></w:style>' for one in styles
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        body = f'<w:document xmlns:w="{_WORD}"><w:body>{"".join(blocks)}</w:body></w:document>'
        archive.writestr("word/document.xml", head + body)
        archive.writestr("word/styles.xml", f'<w:styles xmlns:w="{_WORD}">{named}</w:styles>')
        for name, data in others.items():
            archive.writestr(f"word/{name}", data)
    return file.getvalue()


def pptx_of(*slides: tuple[str, str, str], rows: Sequence[Sequence[str]] = ()) -> bytes:
    """A presentation of slides with title, text and notes; the last one also holds a table of the rows."""
    show = pptx.Presentation()
    for title, text, notes in slides:
        slide = show.slides.add_slide(show.slide_layouts[1])
        if slide.shapes.title is not None:
            slide.shapes.title.text_frame.text = title
        slide.placeholders[1].text_frame.text = text
        if notes and (frame := slide.notes_slide.notes_text_frame):
            frame.text = notes
    if rows:
        place = (Inches(1), Inches(5), Inches(5), Inches(1))
        grid = slide.shapes.add_table(len(rows), len(rows[0]), *place).table
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                grid.cell(at, column).text = cell
    file = io.BytesIO()
    show.save(file)
    return file.getvalue()


def xlsx(**sheets: Iterable[Iterable[object]]) -> bytes:
    """A workbook of sheets by name; one whose name begins with `hidden` is."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name.startswith("hidden") else "visible"
        for row in rows:
            sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def declaring(data: bytes, name: str, size: int) -> bytes:
    """The archive with another size written beside one of the files in it."""
    at = data.index(b"PK\1\2")
    while data[at + 46 : at + 46 + len(name)] != name.encode():
        at = data.index(b"PK\1\2", at + 1)
    return data[: at + 24] + struct.pack("<I", size) + data[at + 28 :]


Line = tuple[str, int, int, int]
"""Text, left edge, height above the foot of the page, and size, in points."""


def pdf(
    *pages: Sequence[Line],
    outline: Sequence[tuple[str, int]] = (),
    mono: Sequence[str] = (),
    locked: bool = False,
) -> bytes:
    """A PDF of lines in Helvetica (those in `mono` in Courier), with an outline of titles and page indexes.

    Chinese is written in a font without glyphs whose characters are named by their Unicode. To one that is
    locked nobody has the password.
    """
    objects: dict[int, bytes] = {
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
        5: b"<< /Type /Font /Subtype /Type0 /BaseFont /SimSun /Encoding /UniGB-UCS2-H "
        b"/DescendantFonts [6 0 R] >>",
        6: b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /SimSun /DW 1000 /FontDescriptor 7 0 R "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>",
        7: b"<< /Type /FontDescriptor /FontName /SimSun /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 "
        b"/Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
    }
    first, kids = 20, []
    for at, lines in enumerate(pages):
        number = first + 2 * at
        kids.append(number)
        content = b"\n".join(_shown(line, line[0] in mono) for line in lines)
        objects[number] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R "
            b"/Resources << /Font << /F3 3 0 R /F4 4 0 R /F5 5 0 R >> >> >>" % (number + 1)
        )
        objects[number + 1] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
    names = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[2] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (names, len(kids))
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R%s >>" % (b" /Outlines 8 0 R" if outline else b"")
    objects |= _outline(outline, kids)
    if locked:
        objects[9] = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"01" * 32, b"23" * 32)
    return _written(objects)


def _shown(line: Line, mono: bool) -> bytes:
    text, left, bottom, size = line
    if text.isascii():
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode()
        return b"BT /F%d %d Tf %d %d Td (%s) Tj ET" % (4 if mono else 3, size, left, bottom, escaped)
    return b"BT /F5 %d Tf %d %d Td <%s> Tj ET" % (size, left, bottom, text.encode("utf-16-be").hex().encode())


def _outline(entries: Sequence[tuple[str, int]], kids: Sequence[int]) -> dict[int, bytes]:
    first = 100
    last = first + len(entries) - 1
    found = {8: b"<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>" % (first, last, len(entries))}
    for at, (title, page) in enumerate(entries, first):
        name = b"\xfe\xff" + title.encode("utf-16-be")
        chain = b"/Next %d 0 R" % (at + 1) if at < last else b""
        chain += b" /Prev %d 0 R" % (at - 1) if at > first else b""
        found[at] = b"<< /Title <%s> /Parent 8 0 R %s /Dest [%d 0 R /Fit] >>" % (
            name.hex().encode(),
            chain,
            kids[page],
        )
    return found if entries else {}


def _written(objects: dict[int, bytes]) -> bytes:
    file, offsets = b"%PDF-1.5\n", {}
    for number in sorted(objects):
        offsets[number] = len(file)
        file += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    table = b"".join(b"%d 1\n%010d 00000 n \n" % (number, at) for number, at in sorted(offsets.items()))
    start = len(file)
    locked = b" /Encrypt 9 0 R /ID [<45> <45>]" * (9 in objects)
    trailer = b"<< /Size %d /Root 1 0 R%s >>" % (max(objects) + 1, locked)
    file += b"xref\n0 1\n0000000000 65535 f \n%strailer\n%s" % (table, trailer)
    return file + b"\nstartxref\n%d\n%%%%EOF" % start
