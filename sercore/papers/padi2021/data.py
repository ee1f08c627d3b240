"""Data of paper 04: clips of the corpus that is scored, and clips that teach a network to tell speakers apart."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import corpora, store
from sercore.corpora import labels
from sercore.corpora.demo import synthetic
from sercore.corpora.folders import lacking, partial
from sercore.corpora.reports import Report
from sercore.evaluation import verification
from sercore.papers.padi2021 import inputs as padi_inputs
from sercore.papers.padi2021 import stream as padi_stream
from sercore.papers.padi2021.clips import Data, Frames, Source
from sercore.papers.padi2021.inputs import normalised
from sercore.training.batching import Ragged
from sercore.training.chunks import balanced

EXPERIMENTS = tuple(labels.EXPERIMENTS)
CLASSES = {name: tuple(dict.fromkeys(words.values())) for name, words in labels.EXPERIMENTS.items()}
ORIGINS = {"iemocap": "IEMOCAP", "ravdess": "RAVDESS", "crema-d": "CREMA-D", "voxceleb": "VoxCeleb"}
SCORED = {"demo": "demo-studio", "open": "ravdess", "paper": "iemocap"}
SPEAKERS = {
    "demo": ("demo-conversa", "demo-labor", "demo-scena"),
    "open": ("emovo", "savee", "tess"),
    "paper": ("voxceleb",),
}
NEEDED = ("emovo", "tess")  # of the open edition's speakers; SAVEE joins where it is
MOST = {
    "demo": 4,
    "open": 100,
    "paper": 0,
}  # clips of a speaker that an epoch reads: two of the open ones have 1400
HEARD = {"demo": 6, "open": 0, "paper": 0}  # clips of a scored speaker that are verified, 0 for all
PAIRS = 20_000  # that verify speakers, where there is no list of pairs
WHOLE = (
    "the paper's own corpora are needed, whole. Use edition=open or demo, or get what is missing."
)
SPOKEN = "voxceleb"  # too large for memory: its clips are read from their files


def load(
    edition: str, *, scored: str = "", taught: Sequence[str] = (), checkpoint: str = ""
) -> Data:
    """Clips of an edition and their spectrograms, these from the store where they are kept.

    Args:
        edition: "demo" (synthesised here), "open" (RAVDESS, and the speakers of EMOVO, TESS and, where it is, SAVEE) or "paper"
            (IEMOCAP and VoxCeleb).
        scored: name of the corpus that is scored, in place of the edition's own.
        taught: names of the corpora whose speakers are learnt, in place of the edition's own.
        checkpoint: weights of a speaker recogniser that was trained elsewhere, or empty.

    Raises:
        CorpusError: a corpus that is not there, or one that is scored and would teach speakers too.
        AudioError: a clip that cannot be used.
        ValueError: a corpus without a clip of the four classes.
    """
    table, report = clips(edition, scored=scored)
    raw = Ragged.of(padi_inputs.compute(list(table["path"])))
    frames = Ragged.of(normalised([raw.clip(row) for row in range(len(table))]))
    targets = {name: _numbers(table, name) for name in EXPERIMENTS}
    spoken = source(edition, table, frames, taught=taught, checkpoint=checkpoint)
    reports = (report, *spoken.reports)
    if edition == "paper":
        _refuse_partial(reports)
    return Data(table, raw, frames, CLASSES, targets, spoken, reports=reports)


def source(
    edition: str,
    table: pd.DataFrame,
    frames: Ragged,
    *,
    taught: Sequence[str] = (),
    checkpoint: str = "",
) -> Source:
    """Clips that teach speakers, and the pairs of clips that verify others: of the scored corpus, or of VoxCeleb's own list.

    Args:
        edition: which data.
        table: clips of the scored corpus.
        frames: their spectrograms, each normalised by itself.
        taught: see ``load``.
        checkpoint: see ``load``.

    Raises:
        CorpusError: a corpus that is not there, or one that is scored and would teach speakers too.
    """
    names, scored = tuple(taught) or teachers(edition), table["corpus"].iloc[0]
    if scored in names:
        raise corpora.CorpusError(
            f"{scored}: is scored and would teach speakers too; expected other corpora, since the test's speakers would be known."
            f" Leave {scored} out of -p taught=…"
        )
    whose = (table["corpus"] + "/" + table["speaker"]).to_numpy(str)
    chosen = balanced(whose, most=HEARD[edition], number=0, seed=0)
    heard: Frames = (
        frames if len(chosen) == len(table) else Ragged.of([frames.clip(row) for row in chosen])
    )
    left, right, same = verification.trials(whose[chosen], pairs=_pairs(whose[chosen]), seed=0)
    given = store.content(checkpoint) if checkpoint else ""
    if SPOKEN in names:
        if len(names) > 1:
            raise corpora.CorpusError(
                f"{', '.join(names)}: expected {SPOKEN} alone, or other corpora without it. Name either."
            )
        return padi_stream.source(
            corpora.home() / SPOKEN, heard, left, right, same, checkpoint=checkpoint, given=given
        )
    found = [synthetic.load(name) if edition == "demo" else corpora.load(name) for name in names]
    spoken = pd.concat([each.table[corpora.COLUMNS] for each in found], ignore_index=True)
    spoken = spoken.sort_values(["corpus", "speaker", "path"], ignore_index=True)
    speakers = (spoken["corpus"] + "/" + spoken["speaker"]).to_numpy(str)
    contents = [store.content(path) for path in [*spoken["path"], *table["path"]]]
    return Source(
        speakers=speakers,
        frames=Ragged.of(normalised(padi_inputs.compute(list(spoken["path"])))),
        heard=heard,
        left=left,
        right=right,
        same=same,
        corpora=names,
        contents=store.digest(
            [
                speakers.tolist(),
                contents,
                made_by(),
                given,
                *(each.tolist() for each in (left, right, same, chosen)),
            ]
        ),
        most=MOST[edition],
        checkpoint=checkpoint,
        reports=tuple(each.report for each in found),
    )


def teachers(edition: str) -> tuple[str, ...]:
    """Corpora whose speakers are learnt: of "open", those that are needed, and SAVEE where it is."""
    root = corpora.home()
    return tuple(
        name
        for name in SPEAKERS[edition]
        if edition != "open" or name in NEEDED or (root is not None and (root / name).is_dir())
    )


def clips(edition: str, *, scored: str = "") -> tuple[pd.DataFrame, Report]:
    """Clips of the scored corpus that an experiment uses, sorted by speaker and name; and what its loader says of the corpus.

    ``conversation`` is IEMOCAP's dialogue; elsewhere the speaker stands for it.

    Raises:
        CorpusError: a corpus that is not there.
        ValueError: a corpus without a clip of the four classes.
    """
    name = scored or SCORED[edition]
    if edition == "paper" and (absent := lacking([name])):
        raise corpora.CorpusError(f"edition=paper: missing {', '.join(absent)}; {WHOLE}")
    corpus = synthetic.load(name) if edition == "demo" else corpora.load(name)
    table = corpus.table.copy()
    for column in ("part", "session", "dialogue"):
        if column not in table:
            table[column] = None
    used = np.logical_or.reduce(
        [labels.mapped(table, labels.four_classes(each)).notna() for each in EXPERIMENTS]
    )
    table = table[used]
    if not len(table):
        raise ValueError(
            f"{name}: no clip that is angry, happy, excited, neutral or sad; expected some. Score another corpus."
        )
    table = table.assign(name=[Path(path).stem for path in table["path"]])
    table["conversation"] = table["dialogue"].where(
        table["dialogue"].notna(), table["corpus"] + "/" + table["speaker"]
    )
    return table.sort_values(["speaker", "name"], ignore_index=True), corpus.report


def missing(data: Data) -> dict[str, str]:
    """Experiments that these data cannot run, with the reason."""
    found: dict[str, str] = {}
    for name, classes in data.classes.items():
        absent = [
            each for number, each in enumerate(classes) if number not in set(data.targets[name])
        ]
        if absent:
            found[name] = f"{_corpus(data)} has no clip that is {' or '.join(absent)}"
    for name in ("exp2", "exp3"):
        if name not in found and np.array_equal(data.targets[name], data.targets["exp1"]):
            found[name] = (
                f"the same clips and classes as exp1: {_corpus(data)} has no clip that is excited"
            )
    return found


def contents(edition: str, *, scored: str = "", taught: Sequence[str] = ()) -> list:
    """Name, content hash and label of every clip that an edition other than the demo reads; of VoxCeleb, path and size."""
    table, _ = clips(edition, scored=scored)
    listed = [
        [name, store.content(path), label]
        for name, path, label in zip(table["name"], table["path"], table["emotion"], strict=True)
    ]
    names = tuple(taught) or teachers(edition)
    if SPOKEN in names:
        listing = padi_stream.read(corpora.home() / SPOKEN)
        if edition == "paper":
            _refuse_partial([listing.report])
        return [*listed, listing.contents]
    found = [corpora.load(name) for name in names]
    if edition == "paper":
        _refuse_partial([each.report for each in found])
    return [
        *listed,
        *([each.name, store.content(path)] for each in found for path in each.table["path"]),
    ]


def measure(data: Data) -> dict[str, float]:
    """Clips by "experiment / class / clips", in all and by session; durations; speakers; clips and speakers that are learnt."""
    seconds = data.raw.sizes / padi_inputs.FRAMES_A_SECOND
    found: dict[str, float] = {"speakers / all / count": float(data.table["speaker"].nunique())}
    for name, classes in data.classes.items():
        target = data.targets[name]
        found |= {
            f"{name} / {each} / clips": float((target == number).sum())
            for number, each in enumerate(classes)
        }
        found[f"{name} / total / clips"] = float((target >= 0).sum())
        for session, rows in data.table.groupby("session").groups.items():
            found[f"{name} / session {session} / clips"] = float((target[rows] >= 0).sum())
    found |= {
        f"duration / all / {name}": float(value) for name, value in _durations(seconds).items()
    }
    found["duration / all / hours"] = float(seconds.sum() / 3600)
    found["taught / speakers / count"] = float(len(data.source.names))
    found["taught / clips / count"] = float(len(data.source.speakers))
    return found


def extractors() -> list[list[str]]:
    """Name and key (code, library versions) of what makes the spectrograms."""
    return [["spectrograms", made_by()]]


def made_by() -> str:
    """Key of the code that makes spectrograms."""
    return store.key(settings={}, manifest=[], modules=padi_inputs.__name__).hex


def _pairs(speakers: np.ndarray) -> int | None:
    """How many pairs are drawn, half of one speaker, half of two; None for all where there are few clips."""
    clips = np.unique(speakers, return_counts=True)[1]
    same = int((clips * (clips - 1) // 2).sum())
    every = len(speakers) * (len(speakers) - 1) // 2
    return min(PAIRS, 2 * same, 2 * (every - same)) if every > 2 * PAIRS else None


def _refuse_partial(reports: Sequence[Report]) -> None:
    if absent := partial(reports):
        raise corpora.CorpusError(f"edition=paper: missing {', '.join(absent)}; {WHOLE}")


def _corpus(data: Data) -> str:
    name = data.table["corpus"].iloc[0]
    return ORIGINS.get(name, name)


def _durations(seconds: np.ndarray) -> dict[str, float]:
    return {"min": seconds.min(), "median": float(np.median(seconds)), "max": seconds.max()}


def _numbers(table: pd.DataFrame, experiment: str) -> np.ndarray:
    """``(clips,)`` class numbers of an experiment, -1 for what it leaves out."""
    found = labels.mapped(table, labels.four_classes(experiment))
    return np.array([CLASSES[experiment].index(each) if each is not None else -1 for each in found])
