"""What lies in a folder of corpora: clips, hours, speakers, classes and problems of each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sercore.corpora import gender_tables
from sercore.corpora.folders import LOADERS, CorpusError, home, load
from sercore.corpora.labels import emotions
from sercore.corpora.table import Corpus

TABLES = "gender-tables"  # folder of features without audio, which chapter 1 reads
UNSET = (
    "SER_CORPORA is not set, so these are the demo corpora, whose speech is synthesised here: one to"
    " two minutes the first time. Set it to the folder of your corpora, or name that folder."
)


def count(root: Path | None = None, *, say: Callable[[str], None]) -> list[dict[str, object]]:
    """Count each corpus in a folder (default: that of ``SER_CORPORA``, else the demo corpora).

    ``classes`` are emotions in one spelling, as far as the papers' maps know the label; ``labels``
    are the corpus' own. What is no corpus is said, and left out.

    Raises:
        CorpusError: there is no such folder.
    """
    root = root or home()
    if root is None:
        from sercore.corpora.demo import synthetic

        say(UNSET)
        return [_counted(synthetic.load(name)) for name in synthetic.NAMES]
    if not root.is_dir():
        raise CorpusError(
            f"{root}: no such folder; expected one with corpora in it. Check the path."
        )
    rows = []
    for path in sorted(root.iterdir()):
        if path.name in LOADERS:
            rows.append(_counted(load(path.name, root=root)))
        elif path.name == TABLES and path.is_dir():
            rows += [_table(table) for table in sorted(path.glob("*.csv*"))]
        elif path.is_dir() and not path.name.startswith("."):
            known = ", ".join(sorted([*LOADERS, TABLES]))
            say(f"{path}: not a corpus known here ({known}); left out.")
    return rows


def _counted(corpus: Corpus) -> dict[str, object]:
    table = corpus.table
    return {
        "corpus": corpus.name,
        "clips": len(table),
        "hours": round(table["seconds"].sum() / 3600, 4),
        "speakers": table["speaker"].nunique(),
        "classes": emotions(table).value_counts().sort_index().to_dict(),
        "labels": table["emotion"].value_counts().sort_index().to_dict(),
        "problems": list(corpus.problems),
    }


def _table(path: Path) -> dict[str, object]:
    """Count the clips whose gender features a table has; their audio is not in it."""
    name = f"{TABLES}/{path.name.split('.')[0]}"
    row = {"corpus": name, "clips": 0, "hours": None, "speakers": 0, "classes": {}, "labels": {}}
    try:
        table = gender_tables.read(path, ())
    except ValueError as error:
        return row | {"problems": [str(error)]}
    numbers = np.bincount(table.male, minlength=2).tolist()
    speakers = len(set(table.speakers.tolist()))  # Common Voice's names tell no speaker
    row |= {"clips": len(table.male), "speakers": speakers if speakers > 1 else None}
    return row | {"classes": dict(zip(("female", "male"), numbers, strict=True)), "problems": []}
