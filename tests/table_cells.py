"""Read tables as a page shows them."""

import re
from html import unescape


def rows(table) -> list[list[str]]:
    """Return the cells of a table's body as text; the note of a cell stands after its value."""
    body = table.data.split("<tbody>")[1].split("</tbody>")[0]
    body = re.sub(r'<sup title="([^"]*)">\w+</sup>', r" \1", body)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
    return [[unescape(re.sub(r"<[^>]+>", " ", cell)).strip() for cell in row] for row in cells]


def heads(table) -> list[str]:
    """Return the headers of a table as text, those of groups first."""
    cells = re.findall(r"<th(?: [^>]*)?>(.*?)</th>", table.data)
    return [unescape(cell).replace("<br>", " ") for cell in cells]


def note(table) -> str:
    """Return the text below a table, where columns stand that say the same in every row."""
    (text,) = re.findall(r'<p class="notes">(.*?)</p>', table.data)
    return unescape(text)


def by_name(table) -> dict[str, list[str]]:
    """Return the cells of each row by the first one."""
    return {row[0]: row[1:] for row in rows(table)}
