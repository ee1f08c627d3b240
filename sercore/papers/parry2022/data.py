"""Data of Parry et al. 2022: clips of pooled and unseen corpora, their frames and attributes.

``load`` reads an edition and ``own`` a researcher's clips; both give ``Data``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import mutual_info_score

from sercore import corpora, store
from sercore.audio import RATE
from sercore.corpora import Corpus, labels
from sercore.corpora.clips import Clips
from sercore.corpora.demo import synthetic
from sercore.corpora.folders import lacking as lacking_corpora
from sercore.corpora.own import class_names
from sercore.evaluation.reference import clip_statistics
from sercore.features import mel as mel_features
from sercore.features.keeping import Extractor
from sercore.features.mel import MelSettings, mel, normalise_bands
from sercore.parameters import OwnTable
from sercore.protocols import own as own_clips
from sercore.protocols.speakers import Split, pooled
from sercore.training.batching import Ragged

POOLED = ("emovo", "emodb", "iemocap", "epst", "ravdess", "savee")
UNSEEN = ("tess", "crema-d")
NEEDED = ("emovo", "ravdess", "tess")  # by the open edition; the others join where they are
DEMO = ("demo-studio", "demo-labor", "demo-scena"), ("demo-conversa",)
DEMO_SEEDS = range(3)  # voices of the demo's pool; two training speakers a corpus teach nothing
ORIGINS = {
    "emovo": "EMOVO", "emodb": "Emo-DB", "iemocap": "IEMOCAP", "epst": "EPST",
    "ravdess": "RAVDESS", "savee": "SAVEE", "tess": "TESS", "crema-d": "CREMA-D",
}  # fmt: skip
# Tag of what is spoken in each corpus, as its loader gives it.
LANGUAGES = {
    "emovo": "it-IT", "emodb": "de-DE", "iemocap": "en-US", "epst": "en-US", "ravdess": "en-US",
    "savee": "en-GB", "tess": "en-CA", "crema-d": "en-US",
}  # fmt: skip
CLASSES = labels.VALENCES
OUT = "left out"
SURPRISE = ("positive", "negative", OUT)  # the paper prints neither class; the first is ours
CALM = ("neutral", "positive", OUT)
SIDES = ("training", "validation", "test")

ATTRIBUTES = {"C": "corpus", "S": "speaker", "G": "gender", "L": "language"}
GENDERS = ("female", "male")
MISSING = -1  # label of a clip whose attribute is not known
# The fifteen sets of attributes, spelled as in Parry et al. 2022, Tables 2 and 3.
SUBSETS = tuple(
    "+".join(chosen) for size in range(1, 5) for chosen in combinations(ATTRIBUTES, size)
)


LOG_MEL = MelSettings(fft=512, window=400, hop=160, bands=40, floor=None)


@dataclass(frozen=True, kw_only=True)
class Filterbank:
    """Settings of the network's input: 40 bands, a window of 25 ms and a hop of 10 ms, as printed.

    The transform of 512 samples, the scale in dB, its lowest value, a power of 1e-10, and the
    longest clip are ours.

    Source: Parry et al. 2022, section 4.
    """

    mel: MelSettings = LOG_MEL
    longest: int = 15 * RATE  # samples; the rest of a clip is cut off


FILTERBANK = Filterbank()


def filterbank(
    samples: np.ndarray, content: str = "", *, settings: Filterbank = FILTERBANK
) -> np.ndarray:
    """Return the log mel bands of a clip, each with mean 0 and variance 1.

    Shape:
        - samples: ``(samples,)`` at 16 kHz, 257 or more
        - output: ``(frames, 40)`` float32, 1 + samples // 160 frames

    Source: Parry et al. 2022, section 4: utterances are normalised. By band is our reading.
    """
    return normalise_bands([mel(samples[: settings.longest], settings=settings.mel)])[0]


FILTERBANKS = Extractor(
    title="filterbanks",
    function=filterbank,
    settings=asdict(FILTERBANK),
    modules=(mel_features.__name__,),
)


@dataclass(frozen=True)
class Data(Clips):
    """Clips in memory, with everything that trials read of them.

    The table's ``surprised`` tells whether the emotion is surprise. ``targets`` are ``(clips,)``
    class numbers by what surprise and calm count as; -1 for a clip that is left out.
    """

    READ = ("corpus", "speaker", "gender", "language", "text", "surprised")

    frames: Ragged  # filterbank frames of each clip
    unseen: tuple[str, ...]  # corpora that no training reads
    classes: tuple[str, ...]  # by position
    targets: dict[tuple[str, str], np.ndarray]

    def named(self, target: np.ndarray) -> pd.DataFrame:
        """Return the table with each clip's ``class``, missing where its number is -1."""
        names = [self.classes[number] if number >= 0 else None for number in target]
        return self.table.assign(**{"class": names})

    def apart(self, *unseen: str) -> "Data":
        """Return the same clips with these corpora unseen and all others pooled."""
        return replace(self, unseen=unseen)

    def statistics(self) -> np.ndarray:
        """Return ``(clips, 240)``: the reference models' statistics of each clip's frames."""

        def described() -> np.ndarray:
            return np.stack(
                [clip_statistics(self.frames.clip(at)) for at in range(len(self.table))]
            )

        return self.once("statistics", described)

    def content(self, trial: Any) -> str:
        """Return the digest of what a trial reads: frames, classes and columns."""
        clips = self.once("clips", self._digest)
        return store.digest([clips, self.targets[trial.surprise, trial.calm].tolist()])

    @property
    def usual_target(self) -> np.ndarray:
        """Return the ``(clips,)`` class numbers under the map of the tables."""
        return self.targets[SURPRISE[0], CALM[0]]

    @property
    def usual(self) -> tuple[Split, dict[str, "Labels"]]:
        """Return the split by the map of the tables, and each attribute's labels of all clips."""
        return self.once("usual", self._split)

    def _split(self) -> tuple[Split, dict[str, "Labels"]]:
        split = pooled(self.named(self.usual_target), unseen=self.unseen)
        return split, attribute_labels(self.table, split.training)

    @property
    def lacking(self) -> dict[str, str]:
        """Name the attributes that these clips cannot teach, by letter, with the reason."""
        split, labelled = self.usual
        return unlearnable(labelled, split.training)

    @property
    def stands_for(self) -> dict[str, str]:
        """Map sets of attributes to those with the same labels: "L" to "C" where they are one."""
        split, labelled = self.usual
        pairs, twins = identical(labelled, split.training), {}
        for name in SUBSETS:
            chosen = set(name.split("+"))
            for kept, other in pairs:
                if other in chosen and kept not in chosen:
                    chosen = chosen - {other} | {kept}
            same = "+".join(letter for letter in ATTRIBUTES if letter in chosen)
            if same != name:
                twins[name] = same
        return twins

    def _digest(self) -> str:
        values = [store.values(array) for array in (self.frames.values, self.frames.starts)]
        return store.digest([list(self.unseen), list(self.classes), self.rows(), values])


def load(edition: str) -> Data:
    """Load the clips of an edition and their filterbanks, these from the store where it has them.

    "open" needs EMOVO, RAVDESS and TESS under ``SER_CORPORA`` and reads the others where they are;
    "paper" needs all eight, and a ``CorpusError`` lists those that do not exist.
    """
    loaded, unseen = read(edition)
    table = _joined(loaded)
    targets = {switches: _targets(table, *switches) for switches in product(SURPRISE, CALM)}
    surprised = table["emotion"].str.lower().isin(labels.SPELLINGS["surprise"])
    reports = tuple(corpus.report for corpus in loaded)
    table = table.assign(surprised=surprised)
    return Data(
        table,
        Ragged(*FILTERBANKS.frames(list(table["path"]))),
        unseen,
        CLASSES,
        targets,
        reports=reports,
    )


def names(edition: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the corpora that are pooled and those that training never sees, in the paper's order."""
    if edition == "demo":
        return DEMO
    if edition == "paper":
        if missing := lacking_corpora(ORIGINS):
            raise corpora.CorpusError(
                f"edition=paper: missing {', '.join(missing)}; these corpora are needed."
                " Use edition=open or demo, or get them."
            )
        return POOLED, UNSEEN
    chosen = {*NEEDED, *filter(corpora.is_there, ORIGINS)}
    pool = tuple(name for name in POOLED if name in chosen)
    return pool, tuple(name for name in UNSEEN if name in chosen)


def read(edition: str) -> tuple[list[Corpus], tuple[str, ...]]:
    """Read the corpora of an edition by their loaders, and name those that training never sees."""
    pool, unseen = names(edition)
    load_one = _spoken if edition == "demo" else corpora.load
    return [load_one(name) for name in (*pool, *unseen)], unseen


def contents(edition: str) -> list:
    """List corpus, name, content hash and label of every clip that an edition reads."""
    loaded, _ = read(edition)
    return [
        [row.corpus, row.name, store.content(row.path), row.emotion]
        for row in _joined(loaded).itertuples(index=False)
    ]


def _joined(loaded: Sequence[Corpus]) -> pd.DataFrame:
    """Join tables, sorted; a clip that no map gives a class is left out."""
    table = pd.concat([corpus.table[corpora.COLUMNS] for corpus in loaded], ignore_index=True)
    return _sorted(table[labels.mapped(table, labels.valences()).notna()])


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    table = table.assign(name=[Path(path).stem for path in table["path"]])
    return table.sort_values(["corpus", "speaker", "name"], ignore_index=True)


def _spoken(name: str) -> Corpus:
    """Return a demo corpus, a pooled one in the voices of several seeds."""
    if name not in DEMO[0]:
        return synthetic.load(name)
    tables, problems = [], []
    for seed in DEMO_SEEDS:
        corpus = synthetic.load(name, seed=seed)
        tables.append(corpus.table.assign(speaker=corpus.table["speaker"] + f"-{seed}"))
        problems += corpus.problems
    return Corpus(name, pd.concat(tables), problems)


def _targets(table: pd.DataFrame, surprise: str, calm: str) -> np.ndarray:
    """Return the ``(clips,)`` class numbers under one map, -1 for what it leaves out."""
    switched = {"surprise": surprise, "calm": calm}
    classes = labels.valences(
        **{emotion: None if name == OUT else name for emotion, name in switched.items()}
    )
    mapped = labels.mapped(table, classes)
    return np.array([CLASSES.index(name) if isinstance(name, str) else -1 for name in mapped])


def read_own(parameters: OwnTable, *, unseen: Sequence[str]) -> Corpus:
    """Read a researcher's own clips; see ``protocols.own.read``."""
    return own_clips.read(parameters, classes=labels.valences(), unseen=unseen)


def own(parameters: OwnTable, *, unseen: Sequence[str]) -> Data:
    """Load a researcher's own clips and their filterbanks."""
    corpus = read_own(parameters, unseen=unseen)
    table = corpus.table.assign(surprised=False)
    known = class_names(corpus, CLASSES)
    target = np.array([known.index(name) for name in table["class"]])
    # The map alone says what surprise and calm are.
    targets = dict.fromkeys(product(SURPRISE, CALM), target)
    return Data(
        table,
        Ragged(*FILTERBANKS.frames(list(table["path"]))),
        tuple(unseen),
        known,
        targets,
        reports=(corpus.report,),
    )


# Attributes of clips, and what they tell of one another.


@dataclass(frozen=True)
class Labels:
    """One attribute of every clip."""

    values: np.ndarray  # (clips,) int64, places in ``classes``, or ``MISSING``
    classes: tuple[str, ...]  # labels that an output stands for


def attribute_labels(table: pd.DataFrame, training_rows: Sequence[int]) -> dict[str, Labels]:
    """Label all clips by each attribute; what training does not have has no output, and is -1.

    So a speaker of validation or test is -1, and so are corpus and speaker of an unseen corpus; its
    gender and its language are not, where training has them. A speaker's id counts within its
    corpus: 03 of Emo-DB and 03 of RAVDESS are two classes. A language is the first part of its tag:
    "en-GB" and "en-US" are both "en". The classes are sorted.

    Source: Parry et al. 2022, section 1. Deviation: there gender is a speaker's average pitch; here
    it is the sex that the corpus tells.
    """
    corpus = table["corpus"].astype("string")
    columns = {
        "C": corpus,
        "S": corpus + "/" + table["speaker"].astype("string"),
        "G": table["gender"].astype("string"),
        "L": table["language"].astype("string").str.casefold().str.split("-").str[0],
    }
    labelled = {}
    for letter, column in columns.items():
        classes = GENDERS
        if letter != "G":
            classes = tuple(sorted(column.iloc[training_rows].dropna().unique()))
        places = {name: place for place, name in enumerate(classes)}
        values = [places.get(name, MISSING) for name in column]
        labelled[letter] = Labels(np.array(values, np.int64), classes)
    return labelled


def unlearnable(labelled: Mapping[str, Labels], rows: Sequence[int]) -> dict[str, str]:
    """Name the attributes with fewer than two classes among these clips, each with the reason."""
    reasons = {}
    for letter, label in labelled.items():
        values = np.unique(label.values[rows])
        present = [label.classes[value] for value in values if value != MISSING]
        if len(present) < 2:
            state = f"all are {present[0]}" if present else "none has a label"
            reasons[letter] = (
                f"{ATTRIBUTES[letter]}: of {len(rows)} training clips {state};"
                " expected two classes or more"
            )
    return reasons


def identical(labelled: Mapping[str, Labels], rows: Sequence[int]) -> list[tuple[str, str]]:
    """Return the pairs of attributes that divide these clips alike, whatever the classes' names.

    On EMOVO and RAVDESS alone corpus and language are such a pair: a model of one is a model of the
    other. A clip without the one label has to be one without the other, too.
    """
    pairs = []
    for one, other in combinations(labelled, 2):
        first, second = labelled[one].values[rows], labelled[other].values[rows]
        both = np.unique(np.stack([first, second]), axis=1).shape[1]
        same_gaps = bool(((first == MISSING) == (second == MISSING)).all())
        if both == len(np.unique(first)) == len(np.unique(second)) and same_gaps:
            pairs.append((one, other))
    return pairs


def mutual_information(
    labelled: Mapping[str, Labels], rows: Sequence[int], *, emotion: Sequence | None = None
) -> pd.DataFrame:
    """Measure what one attribute tells of another, in bits; on the diagonal its own entropy.

    ``rows`` are the clips that count, and ``emotion`` is the class of every clip. Clips that lack
    one of the two labels are left out of that cell; it is NaN where none is left.
    """
    values = {ATTRIBUTES[letter]: label.values[rows] for letter, label in labelled.items()}
    if emotion is not None:
        values["emotion"] = np.unique(np.asarray(emotion)[rows], return_inverse=True)[1]
    bits = pd.DataFrame(np.nan, index=[*values], columns=[*values])
    for one, other in product(values, repeat=2):
        known = (values[one] != MISSING) & (values[other] != MISSING)
        if known.any():
            nats = mutual_info_score(values[one][known], values[other][known])
            bits.loc[other, one] = float(nats / np.log(2))
    return bits


def measure(data: Data) -> dict[str, float]:
    """Measure corpora and sides of the split, by "row / column / metric" of the printed number.

    Rows are the corpora as the paper prints them and the sides of the split; durations are in
    hours. For the training clips it adds what attributes tell of one another.
    """
    table = data.table.assign(target=data.usual_target)
    split, labelled = data.usual
    parts = {ORIGINS.get(name, name): clips for name, clips in table.groupby("corpus")}
    parts |= {side: table.iloc[getattr(split, side)] for side in SIDES}
    measured: dict[str, float] = {}
    for name, clips in parts.items():
        speakers = clips.drop_duplicates(["corpus", "speaker"])
        measured[f"{name} / duration / hours"] = float(clips["seconds"].sum() / 3600)
        measured[f"{name} / speakers / count"] = len(speakers)
        for number, label in enumerate(data.classes):
            measured[f"{name} / {label} / clips"] = int((clips["target"] == number).sum())
        for gender in GENDERS:
            with_gender = clips[clips["gender"] == gender]
            speakers = with_gender.drop_duplicates(["corpus", "speaker"])
            measured[f"{name} / {gender} / speakers"] = len(speakers)
    bits = mutual_information(labelled, split.training, emotion=table["target"])
    for one, other in product(bits.index, bits.columns):
        measured[f"{one} / {other} / bits"] = float(bits.loc[one, other])
    return measured
