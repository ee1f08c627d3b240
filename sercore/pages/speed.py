"""The page on speed: what each benchmark printed, on which machine and at which commit."""

import ast
import json
from pathlib import Path

from sercore import sealed, store
from sercore.ledger.recorded import FOLDER
from sercore.pages.status import versions
from sercore.report.tables import commit

BENCHMARKS = store.PROJECT / "benchmarks"
RECORDED = FOLDER / "speed"


def benchmarks(*, recorded: Path = RECORDED, programs: Path = BENCHMARKS) -> str:
    """Describe every benchmark in Markdown: purpose, usage and recorded output, or "not run"."""
    paths = sorted(programs.glob("[a-z]*.py"))
    return "\n\n".join(_section(path, recorded / f"{path.stem}.json") for path in paths)


def _section(program: Path, output: Path) -> str:
    docstring = ast.get_docstring(ast.parse(program.read_text())) or ""
    paragraphs = [" ".join(paragraph.split()) for paragraph in docstring.split("\n\n")]
    parts = [f"## `{program.name}`", *paragraphs]
    if output.is_file():
        run = json.loads(sealed.read(output, name=sealed.DIGESTS))
        parts.append(
            f"Printed on {run['date'][:10]}: {run['machine']}, {run['cores']} cores; "
            f"commit {commit(run)}; {versions(run)}."
        )
        parts.append("\n".join(["```text", *run["printed"], "```"]))
    else:
        parts.append(
            f"Not run: no output is recorded. `python -m benchmarks {program.stem} --record` "
            "runs it."
        )
    return "\n\n".join(parts)
