"""Recorded runs of paper 03 as a test wants them: so many right of each speaker and class."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sercore import papers
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022.trial import Trial
from sercore.sweep import Task

SPEAKERS = (
    *(f"ravdess/{at:02d}" for at in range(1, 7)),
    "savee/DC",
    "savee/JE",
    "tess/OAF",
    "tess/YAF",
)
LONE = tuple(
    speaker for speaker in SPEAKERS if speaker != "savee/JE"
)  # one speaker of SAVEE, so that no interval is over them
CLIPS = 20  # of each speaker and class
FINISHED, CAPPED = (
    "2 rate cuts",
    "all 30 epochs",
)  # how a training ends: by its rule, or by the cap before it


def trials(*, seeds: int = 1, **given) -> list[Trial]:
    """Trials of the open edition with a toy encoder."""
    return loopq.grid(
        loopq.Parameters.model_construct(edition="open", seeds=seeds, encoder="random", **given),
        encoder="toy",
    )


def outcome(
    trial: Trial,
    right: int,
    *,
    spread: int = 0,
    speakers: Sequence[str] = SPEAKERS,
    ending: str = FINISHED,
) -> dict:
    """What a training gives whose network gets ``right`` clips of each speaker and class, one more or less by speaker."""
    counts = []
    for at, speaker in enumerate(speakers):
        good = min(CLIPS, max(0, right + (at % 3 - 1) * spread))
        for label in range(len(loopq.CLASSES)):
            counts += [
                [speaker, label, label, good],
                [speaker, label, (label + 1) % len(loopq.CLASSES), CLIPS - good],
            ]
    clips = len(speakers) * len(loopq.CLASSES) * CLIPS
    share = right / CLIPS
    published = trial.protocol in ("by-origin", "by-label")
    return {
        "counts": counts,
        "errors": [[speaker, len(loopq.CLASSES) * CLIPS, 1.0, 1.0] for speaker in speakers],
        "curves": [[1, 1.9, 0.2, 1.8, 0.3], [2, 1.5, 0.5, 1.6, share]],
        "reliability": [
            [0.5, clips // 2, 0.4 * clips // 2, clips // 5],
            [1.0, clips // 2, 0.9 * clips // 2, clips // 3],
        ],
        "accuracy": share,
        "macro_f1": share,
        "top_2": 1.0,
        "top_3": 1.0,
        "calibration_error": 0.1,
        "head_mse": 0.1,
        "clips": clips,
        "seconds_per_clip": 0.01,
        "best_epoch": 2,
        "epochs_run": 30,
        "ending": ending,
        "rate": 1e-3,
        "rate_last": 1e-4,
        "training_loss": 0.5,
        "training_accuracy": 0.9,
        "validation_loss": 0.6,
        "validation_accuracy": share,
        "training_clips": 100,
        "validation_clips": 50,
        "clips_per_second": 40.0,
        "parameters": 1000,
        "order": "0123abcd",
        "accuracy_last": share if published else None,
        "macro_f1_last": share if published else None,
        "seconds": 60.0,
    }


def repeated(given: Sequence[Trial], seeds: int) -> list[Trial]:
    """The same trials on so many seeds, those too that the grid has on its first alone."""
    return [
        replace(trial, seed=seed) for seed in range(seeds) for trial in given if trial.seed == 0
    ]


def ledger(given: Sequence[Trial], right: Callable[[Trial], int], **about) -> Ledger:
    """Paper 03 with these trials recorded.

    Args:
        given: trainings.
        right: of a trial.
        about: ``spread``, ``speakers`` and ``ending`` of ``outcome``.
    """
    outcomes = [outcome(trial, right(trial), **about) for trial in given]
    tasks = [
        Task(
            name="models",
            run=loopq.run,
            trials=given,
            data=None,
            corpora=("ravdess", "tess", "savee"),
        )
    ]
    return Ledger(papers.named(loopq.NAME), runs=recorded.of_this_run(tasks, [outcomes]))
