"""The cells of a researcher's CSV file: UTF-8, parted by commas, semicolons or tabs, as many in each line as in the header."""

import csv
import difflib
import io
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


class TableError(ValueError):
    """A researcher's table that cannot be used: the file, what was found, what was expected, what to do."""


def rows(path: Path, needed: Sequence[str]) -> dict[int, dict[str, str]]:
    """Cells of each line by the header's names, under the line's number; blanks around a cell and empty lines removed.

    All text is in one Unicode form (``one_form``), so that a name is one name however it was typed; but for cells under ``path``.

    Args:
        path: the file.
        needed: columns that it has to have.

    Returns:
        At least one line; an empty cell is "".

    Raises:
        TableError: no such file, no UTF-8, no CSV, a column that is missing, nameless or twice there, no line, or one with more or
            fewer cells than the header.
    """
    content = text(path)
    parted = max(",;\t", key=content.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=parted, strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        told = (
            f"no CSV ({error}); expected cells parted by commas, semicolons or tabs. Save it again."
        )
        raise TableError(f"{path}, line {reader.line_num}: {told}") from None
    (_, header), *rest = [(at, cells) for at, cells in lines if any(cells)] or [(1, [])]
    header = [one_form(name) for name in header]
    _refuse_header(path, header, needed)
    if not rest:
        raise TableError(
            f"{path}: a header and nothing below it; expected one line at least. Add the lines."
        )
    for at, cells in rest:
        if len(cells) != len(header):
            told = f"{len(cells)} cells; expected {len(header)}, as the header has."
            raise TableError(
                f"{path}, line {at}: {told} Mend the line; a cell with `{parted}` in it needs quotes."
            )
    named = {at: zip(header, cells, strict=True) for at, cells in rest}
    return {
        at: {name: cell if name == "path" else one_form(cell) for name, cell in row}
        for at, row in named.items()
    }


def one_form(text: str) -> str:
    """A text in the one Unicode form in which names are compared, NFC: letters with their accents as one character."""
    return unicodedata.normalize("NFC", text)


def existing(path: Path) -> Path:
    """The path as its folders spell it: in the Unicode form given, or else in NFC or NFD; as it is where none of them is there."""
    if path.exists():
        return path
    places = [Path(path.anchor)]
    for part in path.parts[len(places[0].parts) :]:
        forms = dict.fromkeys(
            (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part))
        )
        places = [place / form for place in places for form in forms if (place / form).exists()]
    return places[0] if places else path


def text(path: Path) -> str:
    """What a UTF-8 file says, with or without a byte order mark.

    Raises:
        TableError: no such file, or another encoding.
    """
    path = existing(path)
    if not path.is_file():
        raise TableError(f"{path}: no such file; expected a table in UTF-8. Check the path.")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TableError(
            f"{path}: no UTF-8 text; expected `CSV UTF-8`. Save it in that format."
        ) from None


def near(name: str, known: Sequence[str]) -> str:
    """A question for the known name that this one may mean, or nothing."""
    close = difflib.get_close_matches(name, known, 1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _refuse_header(path: Path, header: list[str], needed: Sequence[str]) -> None:
    if absent := [name for name in needed if name not in header]:
        found = f"found {', '.join(filter(None, header)) or 'none'}{near(absent[0], header)}"
        raise TableError(
            f"{path}: no column `{absent[0]}`, {found}; expected {', '.join(needed)}. Add or rename the column."
        )
    if odd := [name for name, count in Counter(header).items() if count > 1 or not name]:
        met = f"column `{odd[0]}` stands more than once" if odd[0] else "a column has no name"
        raise TableError(
            f"{path}: {met}; expected a name of its own for each column. Rename or remove it."
        )
