"""Recorded runs of paper 04 as a test wants them: so many right in a hundred of each speaker and class."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from sercore import papers, store
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.padi2021 import campplus
from sercore.papers.padi2021 import numbers as padi_numbers
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.study import GRID, ROWS
from sercore.papers.padi2021.trial import Trial
from sercore.protocols.sessions import COMMITTED
from sercore.sweep import Task

GROUPS = {
    "ravdess": COMMITTED["ravdess"],
    "iemocap": tuple((f"Ses0{at}_F", f"Ses0{at}_M") for at in range(1, 6)),
}
CLASSES = 4
CLIPS = 100  # of each speaker and class
EIGHT = tuple(row.name for row in GRID)
TABLE_2 = {
    "exp1": {"angry": 1103, "happy": 595, "neutral": 1708, "sad": 1084, "total": 4490},
    "exp2": {"angry": 1103, "excited": 1041, "neutral": 1708, "sad": 1084, "total": 4936},
    "exp3": {"angry": 1103, "happy+excited": 1636, "neutral": 1708, "sad": 1084, "total": 5531},
}
COUNTED = {
    f"{one} / {name} / clips": count
    for one, found in TABLE_2.items()
    for name, count in found.items()
}
MEASURED = COUNTED | {
    "speakers / all / count": 10,
    "speakers / female / count": 5,
    "speakers / male / count": 5,
    "duration / all / hours": 6.99,
    "taught / speakers / count": 7205,
}
Right = Callable[
    [Trial, str], int | Sequence[int]
]  # of each class, or of all alike, by trial and speaker


def measured(monkeypatch) -> dict:
    """What was measured on corpora, for a test to fill; nothing at first."""
    found: dict = {}
    monkeypatch.setattr(recorded, "measurements", lambda paper: found)
    monkeypatch.setattr(recorded, "measured_on", lambda paper: tuple(found.get("corpora", ())))
    monkeypatch.setattr(padi_numbers, "corpora", lambda: tuple(found.get("corpora", ())))
    return found


def trials(
    rows: Sequence[str] = EIGHT,
    *,
    folds: int = 5,
    seeds: int = 1,
    experiments: Sequence[str] = ("exp1",),
    protocols: Sequence[str] = ("speakers-apart",),
    **given,
) -> list[Trial]:
    """Trials of the open edition at full width, unless other settings are given."""
    shared = {"edition": "open", "epochs": 8, "precision": "bf16"} | given
    taught = {"pretraining": 20, "speakers": "shared"}
    return [
        Trial(
            **asdict(ROWS[row]),
            **(taught if ROWS[row].transfer != "none" else {}) | shared,
            experiment=experiment,
            protocol=protocol,
            fold=fold,
            seed=seed,
        )
        for seed in range(seeds)
        for experiment in experiments
        for protocol in protocols
        for fold in range(folds)
        for row in rows
    ]


def tested(trial: Trial, corpus: str) -> list[str]:
    """Speakers of a fold's test, corpus/speaker: its group, or all where clips are split."""
    chosen = (
        GROUPS[corpus] if trial.protocol == "clips" else GROUPS[corpus][trial.fold : trial.fold + 1]
    )
    return [f"{corpus}/{speaker}" for group in chosen for speaker in group]


def outcome(
    trial: Trial, right: Right, corpus: str, *, wrong: Sequence[int] = (1, 2, 3, 0)
) -> dict:
    """What a training gives whose network gets so many right; the rest of a class is taken for the one that ``wrong`` names."""
    counts, speakers = [], tested(trial, corpus)
    for speaker in speakers:
        found = right(trial, speaker)
        for label, good in enumerate([found] * CLASSES if isinstance(found, int) else found):
            counts += [[speaker, label, label, good], [speaker, label, wrong[label], CLIPS - good]]
    return {
        "counts": counts,
        "errors": [[speaker, CLASSES * CLIPS, 1.0, 1.0] for speaker in speakers],
        "epochs": [[1, "loss", 1.1], [2, "loss", 0.9]],
        "head_mse": 0.1,
        "clips": len(speakers) * CLASSES * CLIPS,
        "steps": 400,
        "parameters": 7_422_342,
        "training_clips": 532,
        "training_loss": 0.9,
        "training_accuracy": 0.6,
        "clips_per_second": 6.0,
        "seconds_per_clip": 0.1,
        "seconds": 60.0,
    }


def encoded(row: str, *, folds: int = 1, **given) -> list[campplus.Trial]:
    """Trials of the pretrained encoder."""
    where = {
        "encoder": "toy",
        "experiment": "exp1",
        "protocol": "speakers-apart",
        "seed": 0,
        "edition": "open",
        "epochs": 12,
    }
    about = asdict((campplus.ROWS | campplus.SHORTER)[row]) | where | given
    return [campplus.Trial(**about, fold=fold) for fold in range(folds)]


def recogniser() -> tuple[padi_trial.Recogniser, dict]:
    """A speaker recogniser and what it gives."""
    about = {
        "taught_speakers": 8,
        "training_clips": 730,
        "pairs": 500,
        "steps": 460,
        "accuracy": 0.99,
        "training_loss": 0.1,
    }
    about |= {
        "equal_error_rate": 0.31,
        "equal_error_rate_untrained": 0.42,
        "parameters": 7_500_000,
        "clips_per_second": 9.0,
    }
    trial = padi_trial.Recogniser(edition="open", epochs=20, precision="bf16", size="published")
    return trial, about | {"epochs": [[1, "loss", 2.0]], "seconds_per_clip": 0.1, "seconds": 600.0}


def viewed(trial: Trial) -> dict:
    """What a look into a network gives: three clips, moved by one from before to after."""
    told = ("before",) if trial.transfer == "frozen" else ("before", "after")
    clips = (("ravdess/01", "angry"), ("ravdess/01", "sad"), ("ravdess/06", "happy"))
    rows = [
        [when, *clip, float(at), float(far + trial.seed)]
        for far, when in enumerate(told)
        for at, clip in enumerate(clips)
    ]
    return {"stages": rows, "silhouettes": [[when, "emotion", 0.1] for when in told], "clips": 3}


def ledger(
    given: Sequence[Trial],
    right: Right = lambda trial, speaker: 50,
    *,
    corpus: str = "ravdess",
    wrong: Sequence[int] = (1, 2, 3, 0),
    encoder: Sequence[campplus.Trial] = (),
    speakers: bool = False,
    views: Sequence[Trial] = (),
    **options,
) -> Ledger:
    """Paper 04 with these trials recorded.

    Args:
        given: trainings.
        right: of a trial and a speaker.
        corpus: that is scored.
        wrong: what a class is taken for.
        encoder: trials of the pretrained encoder.
        speakers: whether a speaker recogniser is recorded too.
        views: trials that are looked into.
        options: of ``Ledger``.
    """
    tasks, outcomes = [], []
    for name, chosen in (("models", given), ("campplus", encoder)):
        if chosen:
            tasks.append(
                Task(name=name, run=padi_trial.run, trials=chosen, data=None, corpora=(corpus,))
            )
            outcomes.append(
                [outcome(trial, right, trial.corpus or corpus, wrong=wrong) for trial in chosen]
            )
    if speakers:
        trial, found = recogniser()
        tasks.insert(
            0,
            Task(
                name="speakers",
                run=padi_trial.run_recogniser,
                trials=[trial],
                data=None,
                corpora=("emovo", "tess"),
            ),
        )
        outcomes.insert(0, [found])
    if views:
        tasks.append(
            Task(name="views", run=padi_trial.run_views, trials=views, data=None, corpora=(corpus,))
        )
        outcomes.append([viewed(trial) for trial in views])
    if not tasks:
        return Ledger(
            papers.named(padi.NAME),
            runs=recorded.read(padi.NAME, folder=Path("nowhere")),
            **options,
        )
    found = recorded.of_this_run(tasks, outcomes)
    runs = {name: _about("emovo" if name.endswith("speakers") else corpus) for name in found.runs}
    return Ledger(papers.named(padi.NAME), runs=replace(found, runs=runs), **options)


@cache
def _about(corpus: str) -> dict:
    module = padi_trial.run.__module__
    keys = [store.key(settings={}, manifest=[], modules=module)]
    return recorded.provenance(
        edition="open",
        corpora=[corpus],
        keys=keys,
        parts=[padi.SPECTROGRAMS.about()],
        study="padi2021",
        method=1,
        device="cpu",
        encoders={},
    )
