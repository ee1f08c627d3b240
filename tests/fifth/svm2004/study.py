"""Parameters, data and grid: one machine, its test speakers known in training or not."""

from sercore.papers.svm2004.trial import CLASSES, FOLDS, Data, Trial, run

from sercore import corpora, features
from sercore.corpora.demo import synthetic
from sercore.parameters import ChapterParameters, Device, Edition, Scheduler, Seed, Seeds
from sercore.sweep import Task

NAME = "06-svm-prosodic"
METHODS = {"models": 1}
ROWS = ("SVM, speaker-dependent", "SVM, speaker-independent")
CORPORA = {"demo": "demo-scena", "open": "emodb"}
CLIPS = 40  # of the demo, so that its features take a few seconds


class Parameters(ChapterParameters):
    """Parameters of the chapter."""

    edition: Edition = "demo"
    seeds: Seeds = 1
    seed: Seed = -1
    device: Device = "cpu"
    scheduler: Scheduler = "none"


def load(parameters: Parameters) -> Data:
    """Measure the clips of two classes."""
    name = CORPORA[parameters.edition]
    corpus = synthetic.load(name) if parameters.edition == "demo" else corpora.load(name)
    table = corpus.table[corpus.table["emotion"].isin(CLASSES)].reset_index(drop=True)
    if parameters.edition == "demo":
        table = table.iloc[:: max(len(table) // CLIPS, 1)].reset_index(drop=True)
    return Data(table, features.compute("prosodic", list(table["path"])), reports=(corpus.report,))


def tasks(parameters: Parameters, data: Data) -> list[Task]:
    """Train each row in each fold and seed."""
    trials = [
        Trial(row=row, fold=fold, seed=seed, edition=parameters.edition)
        for row in ROWS
        for seed in parameters.run_seeds
        for fold in range(FOLDS)
    ]
    return [
        Task(name="models", run=run, trials=trials, data=data, corpora=[data.table["corpus"][0]])
    ]


def manifest(parameters: Parameters) -> list:
    """Name the data."""
    return [CORPORA[parameters.edition]]


def code_path(kind: str, settings: dict) -> tuple:
    """Tell the two rows apart."""
    return (settings["row"],)
