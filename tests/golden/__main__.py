"""Write the committed outcomes of golden trials again: ``python -m tests.golden [STUDY…]``."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.golden.committed import FOLDER, STUDIES, read, renew, trials, write


def main(studies: Sequence[str], *, folder: Path = FOLDER) -> int:
    """Renew each study's file, or say why it is refused; 1 where one is."""
    unknown = [study for study in studies if study not in STUDIES]
    if unknown:
        known = ", ".join(STUDIES)
        print(f"{unknown[0]}: no such study; expected {known}. Name one, or none for all.")
        return 2
    refusals = 0
    for study in studies or STUDIES:
        before = read(study, folder=folder)
        renewal = renew(trials(study), before)
        refusals += len(renewal.refused)
        for sentence in renewal.refused:
            print(sentence)
        if renewal.refused:
            print(f"{study}: nothing is written")
            continue
        if renewal.entries != before:
            write(study, renewal.entries, folder=folder)
        for path in renewal.dropped:
            print(f"{study}, {path}: dropped, no trial has this path")
        kept = len(renewal.entries) - len(renewal.new) - len(renewal.raised)
        print(f"{study}: {len(renewal.new)} new, {len(renewal.raised)} raised, {kept} as they were")
    return int(refusals > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
