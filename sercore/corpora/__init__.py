"""Speech corpora: a folder in, one tidy table out, one module a corpus; ``labels`` maps classes, ``synthetic`` is the demo.

``table`` is what every loader gives, ``folders`` finds a corpus by name.
"""

from sercore.corpora.cells import TableError
from sercore.corpora.folders import LOADERS, CorpusError, home, load
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
    "load",
    "missing",
    "seven_classes",
    "three_classes",
    "unmatched",
]
