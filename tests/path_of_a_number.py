"""Follow one printed number of paper 02 from a chapter's parameters to its verdict, table and claim.

Run as a script in a fresh process: it prints, as JSON, each function of ``sercore`` in the order of
its first call, as pairs of file and name. Modules are imported first, so that only what is called
counts; the store is empty, so that corpus, features and training are made on the way.
"""

import json
import os
import sys
from pathlib import Path
from types import CodeType, FrameType

import sercore
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import claims, study, tables
from sercore.papers.parry2022.paper import PAPER
from sercore.report.tables import claims as judged_claims

ROOT = Path(sercore.__file__).parent
DEFAULTS = {name: field.default for name, field in study.Parameters.model_fields.items()}
# The notebook's cell of parameters, as papermill fills it.
CELL = DEFAULTS | {"only": "MTL C", "epochs": 1, "device": "cpu"}


def follow() -> None:
    """Check parameters, run one trial in this process, judge one number, show it, judge a claim."""
    parameters = study.Parameters.from_cell(CELL)
    (task, *_) = PAPER.tasks(parameters, study.load(parameters))
    task.run(task.trials[0], task.data, device="cpu")
    ledger = Ledger(PAPER)
    number = next(number for number in ledger.printed if number.ours == "MTL C")
    ledger.verdict(number)
    tables.single(ledger, on="TESS")
    judged_claims(ledger, [claim for claim in claims.CLAIMS if claim.name == "C1"])


def main() -> None:
    """Print the functions that are reached."""
    reached: dict[tuple[str, str], None] = {}
    codes: set[CodeType] = set()

    def trace(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if code in codes:
            return
        codes.add(code)
        if code.co_name != "<module>" and code.co_filename.startswith(f"{ROOT}{os.sep}"):
            file = Path(code.co_filename).relative_to(ROOT).as_posix()
            reached.setdefault((file, code.co_qualname.split(".<locals>")[0]))

    sys.settrace(trace)  # is called with every function's start
    try:
        follow()
    finally:
        sys.settrace(None)
    print(json.dumps(list(reached)))


if __name__ == "__main__":
    main()
