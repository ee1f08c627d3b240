"""Speech corpora: a folder in, one tidy table out, one module a corpus; ``labels`` maps classes, ``synthetic`` is the demo.

``table`` is what every loader gives, ``folders`` finds a corpus by name.
"""

from sercore.corpora.folders import LOADERS, CorpusError, home, load
from sercore.corpora.table import COLUMNS, Corpus, build, files, missing, unmatched

__all__ = ["COLUMNS", "LOADERS", "Corpus", "CorpusError", "build", "files", "home", "load", "missing", "unmatched"]
