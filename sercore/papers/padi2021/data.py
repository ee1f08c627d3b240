"""Data of Padi et al. 2021: the clips that are scored, and their spectrograms.

The clips that teach speakers are found in ``pretraining``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sercore import corpora, store
from sercore.corpora import Corpus, TableError, iemocap, labels
from sercore.corpora import folders as corpora_folders
from sercore.corpora.cells import one_form
from sercore.corpora.clips import Clips, Report, qualified
from sercore.corpora.demo import synthetic
from sercore.corpora.own import class_names
from sercore.evaluation import embeddings
from sercore.features.keeping import Extractor
from sercore.features.mel import MelSettings, mel, normalise_bands
from sercore.parameters import OwnTable
from sercore.protocols import own
from sercore.training.batching import Frames, Ragged
from sercore.training.chunks import balanced

# A transform of 1024 samples: with 512 some of the 128 bands would hold no frequency.
MEL = MelSettings(
    fft=1024, window=400, hop=160, bands=128, lowest=20, highest=7600, decibels=False, floor=None
)
FLOOR = 1e-6  # of a band's power, before the natural logarithm
QUIET = 30.0  # dB under a clip's loudest frame

EXPERIMENTS = tuple(labels.EXPERIMENTS)
OWN = "own"  # the one experiment of clips with classes of one's own
CLASSES = {name: tuple(dict.fromkeys(words.values())) for name, words in labels.EXPERIMENTS.items()}
VOXCELEB = "voxceleb"  # too large for memory: its clips are read from their files
ORIGINS = {"iemocap": "IEMOCAP", "ravdess": "RAVDESS", "crema-d": "CREMA-D", VOXCELEB: "VoxCeleb"}
SCORED = {"demo": "demo-studio", "open": "ravdess", "paper": "iemocap"}
COMPARED = {
    "demo": 6,
    "open": 0,
    "paper": 0,
    "own": 0,
}  # clips of a scored speaker that are verified
PAIRS = 20_000  # that verify speakers, where there is no list of pairs
LIST = Path("lists") / "iemocap-4class.jsonl.gz"  # EmoBox's list of IEMOCAP's clips, packed


def log_mel(
    samples: np.ndarray, content: str = "", *, settings: MelSettings = MEL, floor: float = FLOOR
) -> np.ndarray:
    """Return the log-mel spectrogram of one clip at 16 kHz, ``(frames, 128)``, not normalised.

    Source: section 4.2: 128 bands, 25 ms every 10 ms; window, band edges and floor are ours.
    """
    return np.log(np.maximum(mel(samples, settings=settings), floor)).astype(np.float32)


SPECTROGRAMS = Extractor(
    title="spectrograms",
    function=log_mel,
    settings={"mel": asdict(MEL), "floor": FLOOR},
    modules=(mel.__module__,),
)


def voice_activity(frames: np.ndarray, *, quiet: float = QUIET) -> np.ndarray:
    """Return the frames of a spectrogram that are less than ``quiet`` dB under its loudest one.

    Source: section 4.2, footnote, where it was tried and found to hurt; how is ours.
    """
    level = 10 * np.log10(np.exp(frames.astype(np.float64)).sum(axis=1))  # dB
    return frames[level > level.max() - quiet]


@dataclass(frozen=True)
class Source:
    """Clips of known speakers, none of the corpus that is scored."""

    speakers: np.ndarray  # (clips,) corpus/speaker
    frames: Frames  # spectrograms of the clips, normalised
    compared: Frames  # clips of other speakers, who are verified
    left: np.ndarray  # (pairs,) rows of the compared clips
    right: np.ndarray  # (pairs,)
    same: np.ndarray  # (pairs,) whether a pair has one speaker
    corpora: tuple[str, ...]
    contents: str  # digest of clips, speakers and pairs
    most: int  # clips of a speaker that an epoch reads, 0 for all
    checkpoint: str = ""  # file of a speaker recogniser trained elsewhere; empty to train one
    reports: tuple[Report, ...] = ()

    @property
    def names(self) -> list[str]:
        """Speakers, by class number."""
        return sorted(set(self.speakers.tolist()))

    def content(self, trial: Any) -> str:
        """Return the digest of what a speaker recogniser's training reads."""
        return store.digest([self.contents, self.most])


@dataclass(frozen=True)
class Data(Clips):
    """Clips that are scored, of one corpus; ``part`` and ``session`` are missing but of IEMOCAP."""

    READ = ("corpus", "speaker", "gender", "conversation", "part", "session")

    raw: Ragged  # log-mel spectrogram of each clip, not normalised
    segments: Ragged  # the same, each clip normalised by itself
    classes: dict[str, tuple[str, ...]]  # names by position, by experiment
    targets: dict[str, np.ndarray]  # (clips,) by experiment; -1 for a clip that it leaves out
    source: Source  # clips that teach speakers

    @property
    def corpus(self) -> str:
        """Name of the scored corpus."""
        return self.table["corpus"].iloc[0]

    def frames(self, *, norm: str, vad: str) -> Ragged:
        """Return the spectrograms as a network reads them, by ``norm`` and ``vad`` of a row."""
        if (norm, vad) == ("segment", "none"):
            return self.segments
        return self.once((norm, vad), lambda: self._normalised(norm, vad))

    def clips(self, experiment: str) -> str:
        """Return the digest of all clips and of their classes in one experiment."""
        clips = self.once("clips", self._digest)
        return store.digest(
            [clips, list(self.classes[experiment]), self.targets[experiment].tolist()]
        )

    def content(self, trial: Any) -> str:
        """Return the digest of what a trial reads."""
        source = self.source.content(trial) if trial.transfer != "none" else ""
        return store.digest([self.clips(trial.experiment), source])

    def _normalised(self, norm: str, vad: str) -> Ragged:
        clips = [self.raw.clip(row) for row in range(len(self.table))]
        if vad == "energy":
            clips = [voice_activity(clip) for clip in clips]
        groups = self.table["conversation"].tolist() if norm == "conversation" else None
        return Ragged.of(normalise_bands(clips, groups))

    def _digest(self) -> str:
        values = [store.values(array) for array in (self.raw.values, self.raw.starts)]
        return store.digest([self.rows(), values])


def clips(edition: str, *, scored: str = "") -> tuple[pd.DataFrame, Report]:
    """Return the clips of the scored corpus that an experiment uses, and its loader's report.

    ``conversation`` is IEMOCAP's dialogue; elsewhere the speaker stands for it.
    """
    name = scored or SCORED[edition]
    if edition == "paper":
        _refuse(corpora_folders.lacking([name]))
    corpus = read_corpus(edition, name)
    table = with_conversations(corpus.table)
    maps = [labels.mapped(table, labels.four_classes(name)) for name in EXPERIMENTS]
    table = table[np.logical_or.reduce([classes.notna() for classes in maps])]
    if not len(table):
        raise ValueError(
            f"{name}: no clip that is angry, happy, excited, neutral or sad; expected some. Score"
            " another corpus."
        )
    table = table.assign(name=[Path(path).stem for path in table["path"]])
    return table.sort_values(["speaker", "name"], ignore_index=True), corpus.report


def with_conversations(table: pd.DataFrame) -> pd.DataFrame:
    """Add ``part`` and ``session`` where they are missing, and ``conversation`` to clips."""
    table = table.copy()
    for column in ("part", "session", "dialogue"):
        if column not in table:
            table[column] = None
    speakers = qualified(table, "speaker").to_numpy(str)
    table["conversation"] = table["dialogue"].where(table["dialogue"].notna(), speakers)
    return table


def own_corpora(parameters: OwnTable, *, scored: str) -> tuple[Corpus, dict[str, Corpus]]:
    """Read a researcher's clips: the corpus that is scored, and the others by their names.

    A clip that the class map leaves out teaches no speaker either.

    Raises:
        TableError: ``protocols.own.read`` refuses the clips, or the scored corpus is not told.
    """
    usual: dict[str, str | None] = {}
    for name in EXPERIMENTS:
        for label, word in labels.four_classes(name).items():
            usual[label] = usual.get(label) or word
    whole = own.read(parameters, classes=usual)
    names = sorted(set(whole.table["corpus"]))
    chosen = one_form(scored) or (names[0] if len(names) == 1 else "")
    if chosen not in names:
        found = f"-p scored={scored}" if scored else f"{len(names)} corpora"
        raise TableError(
            f"{parameters.table}: {found}; expected one of {', '.join(names)} as the corpus that is"
            " scored, whose speakers no other corpus has. Give -p scored=…"
        )
    parts = {
        name: replace(whole, name=name, table=rows.reset_index(drop=True), problems=[])
        for name, rows in whole.table.groupby("corpus")
    }
    table = with_conversations(parts.pop(chosen).table)
    return replace(whole, name=chosen, table=table), parts


def own_classes(
    parameters: OwnTable, corpus: Corpus
) -> tuple[dict[str, tuple[str, ...]], dict[str, np.ndarray]]:
    """Return names and ``(clips,)`` numbers of the classes by experiment: the paper's, or own ones."""
    if not parameters.classes:
        return CLASSES, targets(corpus.table)
    names = class_names(corpus, ())
    return {OWN: names}, {OWN: np.array([names.index(name) for name in corpus.table["class"]])}


def targets(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the class numbers of clips by experiment; -1 for a clip that it leaves out."""
    numbers = {}
    for name, classes in CLASSES.items():
        words = labels.mapped(table, labels.four_classes(name))
        numbers[name] = np.array([-1 if word is None else classes.index(word) for word in words])
    return numbers


def listed() -> pd.DataFrame | None:
    """Read a public list of IEMOCAP's clips, a row each, with ``seconds``; None where there is none.

    Raises:
        ValueError: an entry that is no clip of IEMOCAP.

    Source: Ma et al. 2024, EmoBox, ``data/iemocap/iemocap.jsonl``.
    """
    root = corpora.home()
    if root is None or not (root / LIST).is_file():
        return None
    rows = pd.read_json(root / LIST, lines=True)
    names = rows["key"].str.extract(f"^iemocap-{iemocap.NAME.pattern}$")
    if (unread := names["session"].isna()).any():
        raise ValueError(
            f"{root / LIST}: {rows['key'][unread].iloc[0]}; expected iemocap-{iemocap.GRAMMAR}."
            " Get the list again."
        )
    return pd.DataFrame(
        {
            "speaker": names["session"] + names["speaker"],
            "gender": names["speaker"].map({"F": "female", "M": "male"}),
            "session": names["session"].astype(int),
            "emotion": rows["emo"],
            "seconds": rows["length"],
        }
    )


def measured(
    table: pd.DataFrame, targets: Mapping[str, np.ndarray], seconds: Sequence[float]
) -> dict[str, float]:
    """Count speakers, and clips by "experiment / class / clips" and session; measure durations."""
    counts = {"speakers / all / count": table["speaker"].nunique()}
    for gender, speakers in table.groupby("gender")["speaker"]:
        counts[f"speakers / {gender} / count"] = speakers.nunique()
    for name, target in targets.items():
        for number, word in enumerate(CLASSES[name]):
            counts[f"{name} / {word} / clips"] = (target == number).sum()
        counts[f"{name} / total / clips"] = (target >= 0).sum()
        for session, rows in table.groupby("session").groups.items():
            counts[f"{name} / session {session} / clips"] = (target[rows] >= 0).sum()
    counts["duration / all / min"] = np.min(seconds)
    counts["duration / all / median"] = np.median(seconds)
    counts["duration / all / max"] = np.max(seconds)
    counts["duration / all / hours"] = np.sum(seconds) / 3600
    counts["duration / under 3 s / share"] = np.mean(np.asarray(seconds) < 3)
    return {name: float(value) for name, value in counts.items()}


def missing(data: Data) -> dict[str, str]:
    """Return the experiments that these data cannot run, with the reason."""
    reasons: dict[str, str] = {}
    corpus = ORIGINS.get(data.corpus, data.corpus)
    first = next(iter(data.classes))
    for name, classes in data.classes.items():
        present = set(data.targets[name])
        absent = [word for number, word in enumerate(classes) if number not in present]
        if absent:
            reasons[name] = f"{corpus} has no clip that is {' or '.join(absent)}"
        elif name != first and np.array_equal(data.targets[name], data.targets[first]):
            reason = f"the same clips and classes as exp1: {corpus} has no clip that is excited"
            reasons[name] = reason
    return reasons


def contents(edition: str, *, scored: str = "") -> list[list]:
    """Name, hash and label of every scored clip of an edition."""
    table, _ = clips(edition, scored=scored)
    columns = (table["name"], table["path"], table["emotion"])
    return [[name, store.content(path), label] for name, path, label in zip(*columns, strict=True)]


def read_corpus(edition: str, name: str) -> Corpus:
    """Read a corpus, which the demo synthesises."""
    return synthetic.load(name) if edition == "demo" else corpora.load(name)


def pairs_to_verify(
    edition: str, table: pd.DataFrame
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Draw scored clips by which speakers are verified: their rows, and pairs of places in these.

    The pairs have left and right places, and whether these are of one speaker.
    """
    groups = qualified(table, "speaker").to_numpy(str)
    rows = balanced(groups, most=COMPARED[edition], number=0, seed=0)
    groups = groups[rows]
    return rows, embeddings.trials(groups, pairs=_n_pairs(groups), seed=0)


def refuse_partial(edition: str, reports: Iterable[Report]) -> None:
    """Refuse corpora that are not whole in the paper's edition."""
    if edition == "paper":
        _refuse(corpora_folders.partial(reports))


def _refuse(absent: Sequence[str]) -> None:
    if absent:
        raise corpora.CorpusError(
            f"edition=paper: missing {', '.join(absent)}; the paper's own corpora are needed,"
            " whole. Use edition=open or demo, or get what is missing."
        )


def _n_pairs(speakers: np.ndarray) -> int | None:
    """Return how many pairs are drawn, half of one speaker; None for all where clips are few."""
    clips = np.unique(speakers, return_counts=True)[1]
    same = int((clips * (clips - 1) // 2).sum())
    total = len(speakers) * (len(speakers) - 1) // 2
    return min(PAIRS, 2 * same, 2 * (total - same)) if total > 2 * PAIRS else None
