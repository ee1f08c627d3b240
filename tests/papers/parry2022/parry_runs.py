"""Recorded runs of paper 02 as a test wants them: so many right in a thousand of each speaker and class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from sercore import papers, store
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.data import CLASSES, FILTERBANKS
from sercore.papers.parry2022.trial import Recipe, Trial
from sercore.sweep import Task

SPEAKERS = {
    "ravdess": ("21", "22"),
    "emovo": ("m3",),
    "savee": ("JK",),
    "tess": ("OAF", "YAF"),
    "tess without surprise": ("OAF", "YAF"),
    "crema-d": tuple(f"10{at:02d}" for at in range(1, 7)),
}
# As many as a sign takes: six of each unseen corpus, six of the pool together.
SIX = tuple(f"S{at}" for at in range(6))
MANY = SPEAKERS | {"tess": SIX, "crema-d": SIX, "emovo": SIX[:2], "savee": SIX[:2]}
FINISHED, CAPPED = (
    "10 epochs without a better one",
    "all 30 epochs",
)  # how a training ends: by its rule, or by the cap before it
OPEN = ("emovo", "ravdess", "savee", "tess")
CLIPS = 1000  # of each speaker and class
PLAIN = 500  # right of them where nothing is said
Right = Callable[[Trial, str], int | Sequence[int]]  # of each class, or of all alike, on a corpus


def trials(*, seeds: int = 1, models: str = "grid", only: str = "") -> list[Trial]:
    """Trials of the open edition."""
    given = {"seeds": seeds, "models": models, "only": only, "epochs": 30}  # as was recorded
    return parry.grid(parry.Parameters(edition="open", **given))


def tried(recipe: Recipe, *, seeds: int = 1) -> list[Trial]:
    """The baseline under another recipe."""
    named = {"initialisation": recipe.initialisation, "rate": recipe.rate, "batch": recipe.batch}
    return [replace(trial, **named) for trial in trials(seeds=seeds, only="baseline")]


def outcome(
    trial: Trial,
    right: Right,
    corpora: Sequence[str],
    *,
    speakers: Mapping[str, Sequence[str]] = SPEAKERS,
    ending: str = FINISHED,
) -> dict:
    """What a training gives whose network gets so many of each speaker and class."""
    counts = []
    for corpus in corpora:
        found = right(trial, corpus)
        classes = len(CLASSES)
        for speaker in speakers[corpus]:
            for label, good in enumerate([found] * classes if isinstance(found, int) else found):
                group = f"{corpus}/{speaker}"
                counts += [
                    [group, label, label, good],
                    [group, label, (label + 1) % classes, CLIPS - good],
                ]
    groups = dict.fromkeys(group for group, *_ in counts)
    return {
        "counts": counts,
        "errors": [[group, 3 * CLIPS, 1.0, 1.0] for group in groups],
        "answers": [["tess/OAF", "back", "+o-", "+o+"]],
        "epochs": [[1, "training loss", 0.9]],
        "head_mse": 0.2,
        "clips": len(groups) * 3 * CLIPS,
        "best_epoch": 1,
        "ending": ending,
        "seconds": 60.0,
    }


def ledger(
    given: Sequence[Trial],
    right: Right = lambda trial, corpus: PLAIN,
    *,
    crema: bool = True,
    views: Sequence[tuple[Trial, list]] = (),
    recipe: Sequence[Trial] = (),
    speakers: Mapping[str, Sequence[str]] = SPEAKERS,
    ending: str = FINISHED,
    **options,
) -> Ledger:
    """Paper 02 with these trials recorded.

    Args:
        given: the models.
        right: of a trial and a corpus.
        crema: whether CREMA-D was there.
        views: trials that are looked into, and their probes.
        recipe: candidates for the recipe, all right everywhere.
        speakers: of each corpus (default: those of the recorded runs, too few for a sign).
        ending: why the models' trainings ended (default: by their stopping rule).
        options: of ``Ledger``.
    """
    corpora = [*OPEN, "tess without surprise", *(["crema-d"] * crema)]

    def task(name: str, chosen: Sequence[Trial]) -> Task:
        return Task(name=name, run=parry.run, trials=chosen, data=None, corpora=OPEN)

    tasks, outcomes = [], []
    if given:
        tasks.append(task("models", given))
        outcomes.append(
            [outcome(trial, right, corpora, speakers=speakers, ending=ending) for trial in given]
        )
    if views:
        tasks.append(task("views", [trial for trial, _ in views]))
        outcomes.append([{"probes": probes, "accuracy": 0.5} for _, probes in views])
    if recipe:
        tasks.append(task("recipe", recipe))
        outcomes.append([outcome(trial, lambda trial, corpus: CLIPS, corpora) for trial in recipe])
    if not tasks:
        return Ledger(
            papers.named(parry.NAME),
            runs=recorded.read(parry.NAME, folder=Path("nowhere")),
            **options,
        )
    found = recorded.of_this_run(tasks, outcomes)
    return Ledger(
        papers.named(parry.NAME),
        runs=replace(found, runs=dict.fromkeys(found.runs, _about())),
        **options,
    )


@cache
def _about() -> dict:
    module = parry.run.__module__
    keys = [store.key(settings={}, manifest=[], modules=module)]
    return recorded.provenance(
        edition="open",
        corpora=OPEN,
        keys=keys,
        parts=[FILTERBANKS.about()],
        study="parry2022",
        method=1,
        device="cpu",
        encoders={},
    )
