"""Data of Padi et al. 2021: clips that are scored, clips that teach speakers, spectrograms."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sercore import audio, corpora, store
from sercore.corpora import folders as corpora_folders
from sercore.corpora import labels, voxceleb
from sercore.corpora.clips import Clips
from sercore.corpora.demo import synthetic
from sercore.corpora.reports import Report
from sercore.evaluation import verification
from sercore.features import keeping
from sercore.features.mel import MelSettings, mel, normalise_bands
from sercore.training.batching import Frames, Ragged, Streamed
from sercore.training.chunks import balanced

# A transform of 1024 samples: with 512 some of the 128 bands would hold no frequency.
MEL = MelSettings(
    fft=1024, window=400, hop=160, bands=128, lowest=20, highest=7600, decibels=False, floor=None
)
FLOOR = 1e-6  # of a band's power, before the natural logarithm
QUIET = 30.0  # dB under a clip's loudest frame

EXPERIMENTS = tuple(labels.EXPERIMENTS)
CLASSES = {name: tuple(dict.fromkeys(words.values())) for name, words in labels.EXPERIMENTS.items()}
VOXCELEB = "voxceleb"  # too large for memory: its clips are read from their files
ORIGINS = {"iemocap": "IEMOCAP", "ravdess": "RAVDESS", "crema-d": "CREMA-D", VOXCELEB: "VoxCeleb"}
SCORED = {"demo": "demo-studio", "open": "ravdess", "paper": "iemocap"}
SPEAKERS = {
    "demo": ("demo-conversa", "demo-labor", "demo-scena"),
    "open": ("emovo", "savee", "tess"),
    "paper": (VOXCELEB,),
}
NEEDED = ("emovo", "tess")  # of the open edition's speakers; SAVEE joins where it is
# Clips of a speaker that an epoch reads, 0 for all: two of the open speakers have 1400.
MOST = {"demo": 4, "open": 100, "paper": 0}
COMPARED = {"demo": 6, "open": 0, "paper": 0}  # clips of a scored speaker that are verified
PAIRS = 20_000  # that verify speakers, where there is no list of pairs
LISTS = ("veri_test.txt", "veri_test2.txt")  # VoxCeleb1-O, and the same without its wrong labels
AGAIN = (
    "Then start again: a training goes on after its last epoch where all sizes are as before, else"
    " it begins anew."
)
WHOLE = (
    "the paper's own corpora are needed, whole. Use edition=open or demo, or get what is missing."
)


def log_mel(
    samples: np.ndarray, content: str = "", *, settings: MelSettings = MEL, floor: float = FLOOR
) -> np.ndarray:
    """Return the log-mel spectrogram of one clip at 16 kHz, not normalised.

    Shape:
        - samples: ``(samples,)``, 513 or more
        - output: ``(frames, 128)`` float32

    Source: Padi et al. 2021, section 4.2: 128 bands, 25 ms every 10 ms; window, band edges and
    floor are ours.
    """
    return np.log(np.maximum(mel(samples, settings=settings), floor)).astype(np.float32)


def spectrograms(clips: Sequence[Path | str]) -> list[np.ndarray]:
    """Return log-mel spectrograms of audio files, from the store or else made and kept there."""
    measure = partial(keeping.measure, log_mel, title="spectrograms", worth=20)
    return keeping.rows(clips, key=_spectrogram_key, measure=measure)


def extractors() -> list[list[str]]:
    """Return name and key (settings, code, library versions) of what makes the spectrograms."""
    return [["spectrograms", _spectrogram_key("").hex]]


def read_normalised(path: str) -> np.ndarray:
    """Read one clip from its file as a network reads it; an AudioError names the file."""
    try:
        return normalise_bands([log_mel(audio.read(path))])[0]
    except audio.AudioError as error:
        raise audio.AudioError(f"{error} {AGAIN}") from error
    except ValueError as error:
        raise audio.AudioError(f"{path}: {error} {AGAIN}") from error


def voice_activity(frames: np.ndarray, *, quiet: float = QUIET) -> np.ndarray:
    """Return the frames of a spectrogram, not normalised, that are near its loudest in level.

    Args:
        frames: ``(frames, bands)``
        quiet: dB under the loudest frame, from which on a frame is left out (default 30)

    Source: Padi et al. 2021, section 4.2, footnote, where voice activity detection was tried and
    found to hurt; how is ours.
    """
    level = 10 * np.log10(np.exp(frames.astype(np.float64)).sum(axis=1))  # dB
    return frames[level > level.max() - quiet]


@dataclass(frozen=True)
class Source:
    """Clips of known speakers, none of the corpus that is scored.

    Args:
        speakers: ``(clips,)`` corpus/speaker
        frames: spectrograms of the clips, normalised
        compared: clips of other speakers, who are verified
        left, right: ``(pairs,)`` rows of the compared clips
        same: ``(pairs,)`` whether a pair has one speaker
        corpora: names of the corpora
        contents: digest of clips, speakers and pairs
        most: clips of a speaker that an epoch reads at most, 0 for all
        checkpoint: file of a speaker recogniser trained elsewhere; empty (default) to train one
        reports: reports of the loaders (default none)
    """

    speakers: np.ndarray
    frames: Frames
    compared: Frames
    left: np.ndarray
    right: np.ndarray
    same: np.ndarray
    corpora: tuple[str, ...]
    contents: str
    most: int
    checkpoint: str = ""
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
    """Clips that are scored.

    Args:
        table: one row a clip: ``path``, ``corpus`` (one), ``speaker``, ``gender``,
            ``conversation``, ``part`` and ``session`` of IEMOCAP (else missing)
        raw: log-mel spectrogram of each clip, not normalised
        segments: the same, each clip normalised by itself
        classes: names by position, by experiment
        targets: ``(clips,)`` class numbers by experiment; -1 for a clip that it leaves out
        source: clips that teach speakers
        reports: reports of all loaders (default none)
    """

    READ = ("corpus", "speaker", "gender", "conversation", "part", "session")

    raw: Ragged
    segments: Ragged
    classes: dict[str, tuple[str, ...]]
    targets: dict[str, np.ndarray]
    source: Source

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


def load(
    edition: str, *, scored: str = "", taught: Sequence[str] = (), checkpoint: str = ""
) -> Data:
    """Load the clips of an edition and their spectrograms.

    Args:
        edition: "demo" (synthesised here), "open" (RAVDESS, and the speakers of EMOVO, TESS and,
            where it is, SAVEE) or "paper" (IEMOCAP and VoxCeleb)
        scored: name of the corpus that is scored, in place of the edition's own
        taught: names of the corpora whose speakers are learnt, in place of the edition's own
        checkpoint: weights of a speaker recogniser that was trained elsewhere, or empty

    Raises:
        CorpusError: a corpus that is missing, or one that is scored and would teach speakers too
        AudioError: a clip that cannot be used
        ValueError: a corpus without a clip of the four classes
    """
    table, report = clips(edition, scored=scored)
    raw = Ragged.of(spectrograms(list(table["path"])))
    segments = Ragged.of(normalise_bands([raw.clip(row) for row in range(len(table))]))
    targets = {}
    for name, classes in CLASSES.items():
        words = labels.mapped(table, labels.four_classes(name))
        targets[name] = np.array([-1 if word is None else classes.index(word) for word in words])
    teaching = source(edition, table, segments, taught=taught, checkpoint=checkpoint)
    reports = (report, *teaching.reports)
    if edition == "paper":
        _refuse_partial(reports)
    return Data(table, raw, segments, CLASSES, targets, teaching, reports=reports)


def clips(edition: str, *, scored: str = "") -> tuple[pd.DataFrame, Report]:
    """Return the clips of the scored corpus that an experiment uses, and its loader's report.

    ``conversation`` is IEMOCAP's dialogue; elsewhere the speaker stands for it.
    """
    name = scored or SCORED[edition]
    if edition == "paper" and (absent := corpora_folders.lacking([name])):
        raise corpora.CorpusError(f"edition=paper: missing {', '.join(absent)}; {WHOLE}")
    corpus = _corpus(edition, name)
    table = corpus.table.copy()
    for column in ("part", "session", "dialogue"):
        if column not in table:
            table[column] = None
    maps = [labels.mapped(table, labels.four_classes(name)) for name in EXPERIMENTS]
    table = table[np.logical_or.reduce([classes.notna() for classes in maps])]
    if not len(table):
        raise ValueError(
            f"{name}: no clip that is angry, happy, excited, neutral or sad; expected some. Score"
            " another corpus."
        )
    table = table.assign(name=[Path(path).stem for path in table["path"]])
    speakers = table["corpus"] + "/" + table["speaker"]
    table["conversation"] = table["dialogue"].where(table["dialogue"].notna(), speakers)
    return table.sort_values(["speaker", "name"], ignore_index=True), corpus.report


def teachers(edition: str) -> tuple[str, ...]:
    """Name the corpora whose speakers are learnt: of "open", SAVEE only where it is."""
    root = corpora.home()
    names = SPEAKERS[edition]
    if edition != "open":
        return names
    return tuple(
        name for name in names if name in NEEDED or (root is not None and (root / name).is_dir())
    )


def source(
    edition: str,
    table: pd.DataFrame,
    frames: Ragged,
    *,
    taught: Sequence[str] = (),
    checkpoint: str = "",
) -> Source:
    """Return the clips that teach speakers, and the pairs of clips that verify others.

    Where there is no list of pairs, clips of the scored corpus, ``table`` with its ``frames``, are
    compared; for the rest see ``load``.
    """
    names, scored = tuple(taught) or teachers(edition), table["corpus"].iloc[0]
    if scored in names:
        raise corpora.CorpusError(
            f"{scored}: is scored and would teach speakers too; expected other corpora, since the"
            f" test's speakers would be known. Leave {scored} out of -p taught=…"
        )
    if VOXCELEB in names and len(names) > 1:
        raise corpora.CorpusError(
            f"{', '.join(names)}: expected {VOXCELEB} alone, or other corpora without it. Name"
            " either."
        )
    groups = (table["corpus"] + "/" + table["speaker"]).to_numpy(str)
    chosen = balanced(groups, most=COMPARED[edition], number=0, seed=0)
    compared = frames
    if len(chosen) < len(table):
        compared = Ragged.of([frames.clip(row) for row in chosen])
    pairs = verification.trials(groups[chosen], pairs=_n_pairs(groups[chosen]), seed=0)
    if VOXCELEB in names:
        return voxceleb_source(corpora.home() / VOXCELEB, compared, pairs, checkpoint=checkpoint)
    loaded = [_corpus(edition, name) for name in names]
    spoken = pd.concat([corpus.table[corpora.COLUMNS] for corpus in loaded], ignore_index=True)
    spoken = spoken.sort_values(["corpus", "speaker", "path"], ignore_index=True)
    speakers = (spoken["corpus"] + "/" + spoken["speaker"]).to_numpy(str)
    files = [store.content(path) for path in [*spoken["path"], *table["path"]]]
    parts = [speakers.tolist(), files, *(array.tolist() for array in (*pairs, chosen))]
    return Source(
        speakers,
        Ragged.of(normalise_bands(spectrograms(list(spoken["path"])))),
        compared,
        *pairs,
        corpora=names,
        contents=store.digest([*parts, extractors(), weights(checkpoint)]),
        most=MOST[edition],
        checkpoint=checkpoint,
        reports=tuple(corpus.report for corpus in loaded),
    )


def voxceleb_source(
    root: Path, compared: Ragged, pairs: Sequence[np.ndarray], *, checkpoint: str = ""
) -> Source:
    """Return VoxCeleb's clips with pairs to verify: of its official list, else the given ones.

    Args:
        root: VoxCeleb's folder
        compared: clips of other speakers, normalised
        pairs: their rows that are compared, left and right, and whether a pair has one speaker
        checkpoint: see ``load``

    Raises:
        AudioError: a compared clip whose header is damaged: it would be met after the training
    """
    listing = list_voxceleb(root)
    parts = [listing.contents]
    if len(listing.same):
        for row in range(len(listing.compared)):
            audio.seconds(listing.compared.path(row))
    else:
        left, right, same = pairs
        listing = replace(listing, compared=compared, left=left, right=right, same=same)
        parts += [store.values(array) for array in (compared.values, compared.starts, *pairs)]
    contents = store.digest([*parts, extractors(), weights(checkpoint)])
    return replace(listing, contents=contents, checkpoint=checkpoint)


def list_voxceleb(root: Path) -> Source:
    """List VoxCeleb's clips; no file is opened before its turn.

    Speakers of the official list of pairs, where that is in the folder, are compared and teach
    nothing; else there are no pairs. The digest has path and size of each file, not its content:
    1.2 million files are not read for it.

    Raises:
        CorpusError: a folder that cannot be used, or a clip of the list that is missing
        ValueError: a list that cannot be read

    Source: Padi et al. 2021, section 4.2; that listed speakers teach nothing is ours.
    """
    lists = [root / name for name in LISTS if (root / name).is_file()]
    pairs = verification.read_trials(lists[0]) if lists else ([], [], np.zeros(0, bool))
    sides = [[os.path.splitext(name)[0] for name in side] for side in pairs[:2]]
    rows = {name: row for row, name in enumerate(dict.fromkeys(sides[0] + sides[1]))}
    left, right = (np.array([rows[name] for name in side], int) for side in sides)
    listing = voxceleb.list_clips(root, list(rows))
    arrays = (listing.paths, listing.sizes, listing.compared, listing.compared_sizes)
    return Source(
        listing.speakers,
        Streamed(listing.paths, read_normalised, folder=root),
        Streamed(listing.compared, read_normalised, folder=root),
        left,
        right,
        pairs[2],
        corpora=(VOXCELEB,),
        contents=store.digest([store.values(array) for array in (*arrays, left, right, pairs[2])]),
        most=0,
        reports=(listing.report,),
    )


def weights(checkpoint: str) -> str:
    """Return the digest of a speaker recogniser's file; empty without one."""
    return store.content(checkpoint) if checkpoint else ""


def missing(data: Data) -> dict[str, str]:
    """Return the experiments that these data cannot run, with the reason."""
    reasons: dict[str, str] = {}
    corpus = ORIGINS.get(data.corpus, data.corpus)
    for name, classes in data.classes.items():
        present = set(data.targets[name])
        absent = [word for number, word in enumerate(classes) if number not in present]
        if absent:
            reasons[name] = f"{corpus} has no clip that is {' or '.join(absent)}"
        elif name != "exp1" and np.array_equal(data.targets[name], data.targets["exp1"]):
            reasons[name] = (
                f"the same clips and classes as exp1: {corpus} has no clip that is excited"
            )
    return reasons


def contents(edition: str, *, scored: str = "", taught: Sequence[str] = ()) -> list:
    """Name, hash and label of every clip that an edition reads; of VoxCeleb path and size."""
    table, _ = clips(edition, scored=scored)
    rows = [
        [name, store.content(path), label]
        for name, path, label in zip(table["name"], table["path"], table["emotion"], strict=True)
    ]
    names = tuple(taught) or teachers(edition)
    if VOXCELEB in names:
        listing = list_voxceleb(corpora.home() / VOXCELEB)
        rows.append(listing.contents)
        reports = listing.reports
    else:
        loaded = [corpora.load(name) for name in names]
        for corpus in loaded:
            rows += [[corpus.name, store.content(path)] for path in corpus.table["path"]]
        reports = [corpus.report for corpus in loaded]
    if edition == "paper":
        _refuse_partial(reports)
    return rows


def _spectrogram_key(content: str) -> store.Key:
    return store.key(
        settings={"mel": asdict(MEL), "floor": FLOOR},
        manifest=[content],
        modules=(mel.__module__, keeping.__name__),
    )


def _corpus(edition: str, name: str) -> corpora.Corpus:
    return synthetic.load(name) if edition == "demo" else corpora.load(name)


def _refuse_partial(reports: Sequence[Report]) -> None:
    if absent := corpora_folders.partial(reports):
        raise corpora.CorpusError(f"edition=paper: missing {', '.join(absent)}; {WHOLE}")


def _n_pairs(speakers: np.ndarray) -> int | None:
    """Return how many pairs are drawn, half of one speaker; None for all where clips are few."""
    clips = np.unique(speakers, return_counts=True)[1]
    same = int((clips * (clips - 1) // 2).sum())
    total = len(speakers) * (len(speakers) - 1) // 2
    return min(PAIRS, 2 * same, 2 * (total - same)) if total > 2 * PAIRS else None
