"""Speech corpora: one module a corpus reads its folder and returns one tidy table.

``folders`` finds a corpus by name, ``labels`` maps labels to classes, ``demo`` makes synthetic
speech, ``own`` reads a researcher's table.
"""

from sercore.corpora.cells import TableError
from sercore.corpora.folders import LOADERS, CorpusError, home, is_there, load
from sercore.corpora.labels import LabelError, four_classes, seven_classes, three_classes
from sercore.corpora.table import COLUMNS, Corpus, build, files, missing, unmatched

__all__ = [
    "COLUMNS",
    "LOADERS",
    "Corpus",
    "CorpusError",
    "LabelError",
    "TableError",
    "build",
    "files",
    "four_classes",
    "home",
    "is_there",
    "load",
    "missing",
    "seven_classes",
    "three_classes",
    "unmatched",
]
