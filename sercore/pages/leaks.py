"""The page on leaks: what the hunter finds in the open corpora, recorded and tabulated.

Usage: ``python -m sercore.pages.leaks [CORPUS ...]``, with the corpora under ``SER_CORPORA``, writes
``book/ledger/recorded/leaks.json``.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from IPython.display import HTML

from sercore import checkout, corpora, sealed
from sercore.corpora.clips import TITLES
from sercore.features import fingerprint
from sercore.ledger.recorded import FOLDER
from sercore.protocols.leaks import NEAR, SAME, TEXT, find_leaks
from sercore.report import tables

RECORDED = FOLDER / "leaks.json"
CORPORA = ("coraa-ser", "emovo", "ravdess", "savee", "tess")
SPLITS, SHARE = 20, 0.2  # of a corpus by speaker (CORAA SER: by recording); tested speakers


def hunt(name: str) -> dict[str, Any]:
    """Look for copies in a corpus, and for leaks between the sides of random splits by speaker."""
    table = corpora.load(name).table
    started = time.perf_counter()
    correlated = fingerprint.copies(list(table["path"]), least=0)
    copies = [pair for pair in correlated if pair.correlation >= fingerprint.COPY]
    others = [pair.correlation for pair in correlated if pair.correlation < fingerprint.COPY]
    pairs = []
    for leak in find_leaks(table, copies=copies):
        clips = [Path(clip).stem for clip in leak.clips]
        pairs.append([leak.kind, *clips, leak.what, leak.correlation])
    seconds = time.perf_counter() - started
    speakers, kinds, texts = sorted(set(table["speaker"])), Counter(), []
    for seed in range(SPLITS):
        many = max(1, round(SHARE * len(speakers)))
        tested = np.random.default_rng(seed).permutation(speakers)[:many]
        sides = np.where(table["speaker"].isin(tested), "test", "training")
        leaks = find_leaks(table, sides, copies=copies)
        shared = {leak.what for leak in leaks if leak.kind == TEXT}
        said = set(table["text"][table["speaker"].isin(tested)].dropna())
        texts.append(len(shared) / len(said) if said else None)
        kinds.update(leak.kind for leak in leaks if leak.is_refused)
    counts = {"clips": len(table), "speakers": len(speakers), "seconds": round(seconds, 1)}
    counts |= {"correlated": len(correlated), "highest_other": max(others, default=None)}
    splits = {"splits": SPLITS, "leaks": dict(kinds), "texts": texts}
    return {"corpus": name} | counts | splits | {"pairs": pairs}


def record(names: Sequence[str], *, path: Path = RECORDED) -> None:
    """Hunt through corpora and keep what is found, with the circumstances."""
    versions = {library.__name__: library.__version__ for library in (np, scipy)}
    about = checkout.circumstances(device="cpu", versions=versions)
    about |= {"corpora": [hunt(name) for name in names]}
    with sealed.locked(path.parent):
        payload = (json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
        sealed.replace(path.parent, {path.name: payload}, name=sealed.DIGESTS)


def found(path: Path = RECORDED) -> HTML:
    """List for each corpus the copies in it, and what random splits by speaker share."""
    rows = []
    for report in _recorded(path):
        kinds = Counter(kind for kind, *_ in report["pairs"])
        texts = [f"{100 * share:.0f} %" for share in sorted(filter(None, report["texts"]))]
        shares = " to ".join(dict.fromkeys([*texts[:1], *texts[-1:]])) or tables.DASH
        counts = f"{report['clips']:,}", report["speakers"], kinds[SAME], kinds[NEAR]
        leaks = sum(report["leaks"].values())
        highest = f"{other:.2f}" if (other := report["highest_other"]) else tables.DASH
        about = f"{report['correlated']:,}", highest, f"{leaks} in {report['splits']}", shares
        rows.append((TITLES[report["corpus"]], *counts, *about))
    others = ("pairs compared by their samples", "highest correlation of no copy")
    heads = ("corpus", "clips", "speakers", SAME, NEAR, *others, "leaks in splits", "texts shared")
    return tables.html(
        heads, rows, caption="What the open corpora hold twice, and share by speaker"
    )


def pairs(path: Path = RECORDED) -> HTML:
    """List every pair of copies."""
    rows = []
    for report in _recorded(path):
        for kind, first, second, what, correlation in report["pairs"]:
            about = kind, what or "nothing", f"{correlation:.3f}"
            rows.append((TITLES[report["corpus"]], first, second, *about))
    heads = ("corpus", "clip", "other clip", "kind", "differ in", "correlation")
    return tables.html(heads, rows, caption="Every pair of clips that hold the same sound")


def _recorded(path: Path) -> list[dict[str, Any]]:
    return json.loads(sealed.read(path, name=sealed.DIGESTS))["corpora"]


if __name__ == "__main__":
    record(sys.argv[1:] or CORPORA)
