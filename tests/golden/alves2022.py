"""Golden trials of paper 01: networks, readings, protocols, controls, and the gender task."""

from dataclasses import asdict, replace

from sercore.papers.alves2022 import gender, study
from sercore.papers.alves2022.trial import Configuration, alike, run, run_together
from tests.golden.watching import Golden
from tests.papers.alves2022 import alves_toy

EPOCHS = 3
TOLERANCE = 1e-5


def trials() -> list[Golden]:
    """One trial of each code path, the first by name of the rows that share it."""
    return [*_emotion(), *_gender(), *_beside_the_tables()]


def _emotion() -> list[Golden]:
    data = alves_toy.data()
    grid = study.grid(study.Parameters(edition="open"), encoder="toy")
    first = [replace(trial, epochs=EPOCHS) for trial in grid if (trial.fold, trial.seed) == (0, 0)]
    paths = {}
    for trial in sorted(first, key=lambda trial: trial.row):
        paths.setdefault(study.code_path("emotion", asdict(trial)), trial)
    about = data, run, TOLERANCE
    alone = [Golden(study, "emotion", _name(each), each, *about) for each in paths.values()]
    groups = {}
    for trial in paths.values():
        plain = trial.control == "none" and trial.protocol == "clean"
        if plain and not Configuration.of(trial.row).embedding:
            groups.setdefault((alike(trial)[0], trial.variant), trial)
    pairs = {f"{_name(trial)}, two at once": trial for trial in groups.values()}
    about = data, _two_at_once, TOLERANCE
    return alone + [Golden(study, "emotion", *pair, *about) for pair in pairs.items()]


def _beside_the_tables() -> list[Golden]:
    data = alves_toy.with_actors()
    goldens = []
    for kind in ("steps", "factorial", "transfer", "recordings", "layer"):
        paths = {}
        for task in study.KINDS[kind](study.Parameters(edition="open", encoder="none"), data):
            for trial in sorted(task.trials, key=lambda trial: trial.row):
                paths.setdefault(
                    study.code_path(kind, asdict(trial)), replace(trial, epochs=EPOCHS)
                )
        for trial in paths.values():
            control = trial.control.replace("25 recordings", "20 recordings")  # of the toy's 24
            about = replace(trial, control=control), data, task.run, TOLERANCE
            goldens.append(Golden(study, kind, _name(trial), *about))
    return goldens


def _gender() -> list[Golden]:
    data = alves_toy.gender_data(distance=0.3)
    return [
        Golden(
            study,
            "gender",
            f"{trial.row}, {trial.protocol}",
            replace(trial, epochs=EPOCHS),
            data,
            gender.run,
            TOLERANCE,
        )
        for trial in gender.grid("open", [0], common_voice=True)
        if trial.fold == 0
    ]


def _two_at_once(trial, data) -> dict:
    """Outcome of a trial that is trained beside one of another fold, as in a sweep."""
    return run_together([trial, replace(trial, fold=1)], data)[0]


def _name(trial) -> str:
    control = [] if trial.control == "none" else [trial.control]
    return ", ".join([trial.row, trial.variant, trial.protocol, *control])
