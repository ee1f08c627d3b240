"""The page on faults: what was tried, what happens now, and the test that holds it.

``python -m tests.fault_page`` writes it from ``tests/faults/table.csv``.
"""

import ast
import csv
from itertools import pairwise
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
TABLE = PROJECT / "tests" / "faults" / "table.csv"
PAGE = PROJECT / "book" / "faults.md"
WORDS = """# Faults that were tried

**Each of these faults was planted on purpose, and the table says what happens now.** Files were damaged, processes killed, recordings
copied from one side of a split to the other. Some of them once gave a wrong number, lost work or ended in a traceback. The last column
names the test that plants the fault. The tests run before every change; those of them that take minutes are run by `make test-all`.

{tables}
What cannot be seen is told where it matters: [leaks that neither a name nor the sound shows](leaks.md), and
[files of which nobody can say whether they were cut](bad-audio.md).

This page is written by `python -m tests.fault_page`.
"""


def rows() -> list[dict[str, str]]:
    """Rows of the table; a cell that is empty means the one above."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    for before, row in pairwise(found):
        for name in ("part", "fault"):
            row[name] = row[name] or before[name]
    return found


def page() -> str:
    """Markdown of the page, a table for each part."""
    tables, parts = "", {}
    for row in rows():
        parts.setdefault(row["part"], []).append(row)
    for part, some in parts.items():
        tables += f"## {part}\n\n| fault | what was tried | what happens now | test |\n|---|---|---|---|\n"
        fault = ""
        for row in some:
            head, fault = "" if row["fault"] == fault else row["fault"], row["fault"]
            file, _, name = row["test"].partition("::")
            test = f"`{Path(file).stem}`: {name.removeprefix('test_').replace('_', ' ')}"
            tables += f"| {head} | {row['tried']} | {row['now']} | {test} |\n"
        tables += "\n"
    return WORDS.format(tables=tables)


def decorators(test: str) -> list[str] | None:
    """Decorators of a test by its address, in source; None where there is no such test."""
    file, _, name = test.partition("::")
    if not (PROJECT / file).is_file() or not Path(file).name.startswith("test_"):
        return None
    for node in ast.parse((PROJECT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return list(map(ast.unparse, node.decorator_list))
    return None


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
