"""Clips of paper 04 in memory: those that are scored, and those that teach speakers."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sercore import store
from sercore.corpora.clips import Clips
from sercore.corpora.reports import Report
from sercore.papers.padi2021.inputs import heard, normalised
from sercore.training.batching import Ragged


class Frames(Protocol):
    """Normalised spectrograms of clips, in memory or read from their files when they are asked for."""

    def clip(self, row: int) -> np.ndarray:
        """One clip: ``(frames, bands)`` float32."""


@dataclass(frozen=True)
class Source:
    """Clips of known speakers, none of the corpus that is scored.

    Args:
        speakers: ``(clips,)`` corpus/speaker.
        frames: of each clip, normalised.
        heard: clips of other speakers, who are verified.
        left, right: ``(pairs,)`` rows of them that are compared.
        same: ``(pairs,)`` whether a pair has one speaker.
        corpora: names.
        contents: digest of clips, speakers and pairs.
        most: clips of a speaker that an epoch reads at most, 0 for all.
        checkpoint: file with the weights of a speaker recogniser that was trained elsewhere; empty
            (default) to train one.
        reports: what the loaders of its corpora say (default none).
    """

    speakers: np.ndarray
    frames: Frames
    heard: Frames
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
        """Digest of what a speaker recogniser's training reads."""
        return store.digest([self.contents, self.most])


@dataclass(frozen=True)
class Data(Clips):
    """What the trials of paper 04 read.

    Args:
        table: one row a clip: ``path``, ``corpus`` (one), ``speaker``, ``gender``,
            ``conversation``, ``part`` and ``session`` of IEMOCAP (else missing), and whatever else
            a page wants.
        raw: log-mel spectrogram of each clip, not normalised.
        segments: the same, each clip normalised by itself.
        classes: names by position, by experiment.
        targets: ``(clips,)`` class numbers by experiment; -1 for a clip that it leaves out.
        source: clips that teach speakers.
        reports: reports of the loaders of the scored corpus and of those that teach speakers
            (default none).
    """

    READ = ("corpus", "speaker", "gender", "conversation", "part", "session")

    raw: Ragged
    segments: Ragged
    classes: dict[str, tuple[str, ...]]
    targets: dict[str, np.ndarray]
    source: Source

    def frames(self, *, norm: str, vad: str) -> Ragged:
        """Return spectrograms of all clips as a network reads them; made when they are first asked for.

        Args:
            norm: what is normalised over: the "segment" or the "conversation".
            vad: "none" or "energy".
        """
        if (norm, vad) == ("segment", "none"):
            return self.segments
        return self.once((norm, vad), lambda: self._normalised(norm, vad))

    def clips(self, experiment: str) -> str:
        """Return the digest of all clips and of their classes in one experiment.

        It covers spectrograms, and the columns that splits and counts read.
        """
        clips = self.once("clips", self._digest)
        return store.digest(
            [clips, list(self.classes[experiment]), self.targets[experiment].tolist()]
        )

    def content(self, trial: Any) -> str:
        """Return the digest of what a trial reads: clips and classes, and the clips of its speaker recogniser."""
        source = self.source.content(trial) if trial.transfer != "none" else ""
        return store.digest([self.clips(trial.experiment), source])

    def _normalised(self, norm: str, vad: str) -> Ragged:
        clips = [self.raw.clip(row) for row in range(len(self.table))]
        if vad == "energy":
            clips = [heard(clip) for clip in clips]
        groups = self.table["conversation"].tolist() if norm == "conversation" else None
        return Ragged.of(normalised(clips, groups))

    def _digest(self) -> str:
        values = [store.values(array) for array in (self.raw.values, self.raw.starts)]
        return store.digest([self.rows(), values])
