"""Chapter 5 as a study: its parameters, its grid of trials, and its tasks."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import Field

from sercore import store
from sercore.ledger.paper import PUBLISHED
from sercore.ledger.recorded import FOLDER
from sercore.papers.luck import data
from sercore.papers.luck.trial import (
    CLEAN,
    LOGISTIC,
    MLP,
    MODELS,
    PROTOCOLS,
    SHARED,
    SHUFFLED,
    SPLITS,
    Data,
    Trial,
    run,
)
from sercore.parameters import ChapterParameters, Scheduler, Seed, Seeds
from sercore.protocols.speakers import FOLDS
from sercore.sweep import Task

NAME = "05-leaks-and-luck"
STUDY = "luck"
# Method number of each kind of trial: raised when its numbers move, and it is then recorded again.
METHODS = {"leaks": 1, "luck": 1}
LEAK_SEEDS = 5  # what a sign takes; the spread of luck needs all seeds
CONTROLLED = {(name, LOGISTIC) for name in (CLEAN, SHARED, "SMOTE before", "SMOTE scored")}
VARIED = (CLEAN, SHARED)  # protocols whose seeds and splits are varied alone


class Parameters(ChapterParameters):
    """Parameters of the chapter, checked before a kernel starts."""

    edition: Annotated[Literal["demo", "open"], Field(description="which data a run uses")] = "demo"
    seeds: Seeds = 2
    seed: Seed = -1
    device: Annotated[Literal["cpu"], Field(description="where models are fitted")] = "cpu"
    scheduler: Scheduler = "none"


def load(parameters: Parameters) -> Data:
    """Load the data of the edition."""
    return data.load(parameters.edition)


def manifest(parameters: Parameters) -> list:
    """Name the data of an edition by plain values, and what the page reads of the other chapters."""
    files = [*PUBLISHED.glob("*.csv"), *FOLDER.rglob("*.csv.gz"), *FOLDER.rglob("*.json")]
    files += (store.CODE / "sercore" / "papers").glob("*/*.py")
    ledger = [[path.name, store.content(path)] for path in sorted(files)]
    clips = [] if parameters.edition == "demo" else data.contents(parameters.edition)
    return [*clips, data.STATISTICS.about(), *ledger]


def tasks(parameters: Parameters, clips: Data) -> list[Task]:
    """List the trials that show leaks, and those that show luck."""
    about = {
        "data": clips,
        "corpora": data.names(parameters.edition),
        "parts": [data.STATISTICS.about()],
    }
    return [
        Task(name="leaks", run=run, trials=list(leaks(parameters, clips)), splits=SPLITS, **about),
        Task(name="luck", run=run, trials=list(luck(parameters, clips)), splits=SPLITS, **about),
    ]


def leaks(parameters: Parameters, clips: Data) -> Iterator[Trial]:
    """Yield both models under each protocol, and under some with shuffled labels.

    SMOTE has nothing to do where all classes are equally large.
    """
    for seed, corpus in product(parameters.run_seeds, data.names(parameters.edition)):
        shared = {"corpus": corpus, "seed": seed, "edition": parameters.edition}
        for protocol, model in product(PROTOCOLS, MODELS):
            if "SMOTE" in PROTOCOLS[protocol] and is_balanced(clips, corpus):
                continue
            if seed >= LEAK_SEEDS:
                continue
            yield Trial(model=model, protocol=protocol, **shared)
            if (protocol, model) in CONTROLLED:
                yield Trial(model=model, protocol=protocol, control=SHUFFLED, **shared)


def luck(parameters: Parameters, clips: Data) -> Iterator[Trial]:
    """Yield the MLP from other starts on one split, and both models on other splits.

    The start of a regression changes nothing, and where each fold is one speaker there is one split
    by speaker.
    """
    for seed, corpus in product(parameters.run_seeds, data.names(parameters.edition)):
        for protocol in VARIED:
            shared = {"corpus": corpus, "seed": seed, "edition": parameters.edition}
            yield Trial(model=MLP, protocol=protocol, varies="start", **shared)
            if protocol == SHARED or n_speakers(clips, corpus) > FOLDS:
                for model in (LOGISTIC, MLP):
                    yield Trial(model=model, protocol=protocol, varies="split", **shared)


def is_balanced(clips: Data, corpus: str) -> bool:
    """Tell whether all classes of a corpus are equally large."""
    return clips.of(corpus).table["class"].value_counts().nunique() == 1


def n_speakers(clips: Data, corpus: str) -> int:
    """Count the speakers of a corpus, or the recordings that stand in their place."""
    return clips.of(corpus).table["speaker"].nunique()


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """Tell apart the code that a recorded trial runs through, by its settings."""
    return tuple(settings[name] for name in ("model", "protocol", "control"))
