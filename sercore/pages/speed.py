"""What the page on speed says: what each benchmark printed when it was recorded, on which machine, at which commit."""

import ast
import json
from pathlib import Path

from sercore import sealed, store
from sercore.ledger.recorded import FOLDER
from sercore.pages.status import versions
from sercore.report.tables import commit

BENCHMARKS = store.PROJECT / "benchmarks"
RECORDED = FOLDER / "speed"


def told(*, recorded: Path = RECORDED, benchmarks: Path = BENCHMARKS) -> str:
    """Every benchmark in Markdown: what it compares, how to repeat it, what it printed; "not run" where nothing is recorded.

    Args:
        recorded: folder of what was printed.
        benchmarks: folder of the programs.
    """
    return "\n\n".join(
        _one(path, recorded / f"{path.stem}.json") for path in sorted(benchmarks.glob("[a-z]*.py"))
    )


def _one(program: Path, kept: Path) -> str:
    first, *rest = (ast.get_docstring(ast.parse(program.read_text())) or "").split("\n\n")
    about = " ".join(first.split())
    parts = [f"## `{program.name}`", about, *(" ".join(each.split()) for each in rest)]
    if not kept.is_file():
        return "\n\n".join(
            [
                *parts,
                f"Not run: no output is recorded. `python -m benchmarks {program.stem} --record` runs it.",
            ]
        )
    run = json.loads(sealed.read(kept, name=sealed.DIGESTS))
    where = f"Printed on {run['date'][:10]}: {run['machine']}, {run['cores']} cores; commit {commit(run)}; {versions(run)}."
    return "\n\n".join([*parts, where, "\n".join(["```text", *run["printed"], "```"])])
