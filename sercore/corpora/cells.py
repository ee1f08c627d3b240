"""Cells of a researcher's CSV file in UTF-8, with commas, semicolons or tabs between them."""

import csv
import difflib
import io
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


class TableError(ValueError):
    """A researcher's table that cannot be used."""


def rows(path: Path, needed: Sequence[str]) -> dict[int, dict[str, str]]:
    """Read the cells of each line by column, stripped of blanks, without empty lines.

    There is one row or more, by the number of its line; an empty cell is "". All text but that of
    the column ``path`` is in one Unicode form, so that a name is one name however it was typed.

    Raises:
        TableError: there is no such file, it is no UTF-8 or no CSV; a column is missing, has no
            name or a name of another one; or a line has more or fewer cells than the header.
    """
    content = text(path)
    delimiter = max(",;\t", key=content.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    lines = []
    try:
        for line in reader:
            cells = [cell.strip() for cell in line]
            if any(cells):
                lines.append((reader.line_num, cells))
    except csv.Error as error:
        raise TableError(
            f"{path}, line {reader.line_num}: no CSV ({error}); expected cells parted by commas,"
            " semicolons or tabs. Save it again."
        ) from None
    header = [one_form(name) for name in lines[0][1]] if lines else []
    _check_header(path, header, needed)
    if len(lines) == 1:
        raise TableError(
            f"{path}: a header and nothing below it; expected one line at least. Add the lines."
        )
    table = {}
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            raise TableError(
                f"{path}, line {number}: {len(cells)} cells; expected {len(header)}, as the header"
                f" has. Mend the line; a cell with `{delimiter}` in it needs quotes."
            )
        table[number] = row = dict(zip(header, cells, strict=True))
        for name in row.keys() - {"path"}:
            row[name] = one_form(row[name])
    return table


def one_form(text: str) -> str:
    """Return a text in NFC, the Unicode form in which names are compared."""
    return unicodedata.normalize("NFC", text)


def existing(path: Path) -> Path:
    """Return a path in the Unicode form in which it exists: as given, in NFC or in NFD.

    A path that exists in none of them comes back as given.
    """
    if path.exists():
        return path
    places = [Path(path.anchor)]
    for part in path.parts[len(places[0].parts) :]:
        normal = [unicodedata.normalize(form, part) for form in ("NFC", "NFD")]
        forms = dict.fromkeys([part, *normal])
        places = [place / form for place in places for form in forms if (place / form).exists()]
    return places[0] if places else path


def text(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    Raises:
        TableError: there is no such file, or it has another encoding.
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
    """Ask for the known name that is meant, in brackets; empty if none is similar."""
    close = difflib.get_close_matches(name, known, 1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _check_header(path: Path, header: list[str], needed: Sequence[str]) -> None:
    if absent := [name for name in needed if name not in header]:
        names = ", ".join(filter(None, header)) or "none"
        raise TableError(
            f"{path}: no column `{absent[0]}`, found {names}{near(absent[0], header)};"
            f" expected {', '.join(needed)}. Add or rename the column."
        )
    for name, count in Counter(header).items():
        if name and count == 1:
            continue
        fault = f"column `{name}` stands more than once" if name else "a column has no name"
        raise TableError(
            f"{path}: {fault}; expected a name of its own for each column. Rename or remove it."
        )
