"""What is recorded is written once: a trial that is recorded again replaces itself."""

from dataclasses import asdict, dataclass
from types import SimpleNamespace

import pytest

from sercore.ledger import recorded, recording
from sercore.papers.luck import trial as luck
from sercore.sweep import Task

PAPER = "01-ser2022-transfer"
ABOUT = {"edition": "open", "corpora": [], "method": 1, "encoders": {}}


@dataclass(frozen=True, kw_only=True)
class Trial:
    seed: int
    more: object


@pytest.mark.parametrize("more", ["", "300", "full", "nan", 0.1, 0.0, 3, True, None])
def test_a_trial_replaces_itself_whatever_its_settings_are_read_back_as(tmp_path, more):
    trials = [Trial(seed=seed, more=more) for seed in range(2)]
    outcomes = [{"counts": [["a", 0, 0, 1]]}] * 2

    for few in (2, 1, 2):

        def new(start, few=few):
            return recorded.frames(
                "open, models", ABOUT, trials[:few], ["k"] * few, outcomes[:few], start=start
            )

        recorded.write(PAPER, new, list(asdict(trials[0])), folder=tmp_path)
    found = recorded.read(PAPER, folder=tmp_path)
    assert sorted(found.trials["seed"]) == [0, 1]
    assert sorted(found.counts["trial"]) == sorted(found.trials["trial"])


def test_a_trial_replaces_itself_where_another_kind_has_words_for_its_numbers(tmp_path):
    def write(run, more):
        def new(start):
            return recorded.frames(run, ABOUT, [Trial(seed=0, more=more)], ["k"], [{}], start=start)

        recorded.write(PAPER, new, ["seed", "more"], folder=tmp_path)

    for run, more in (
        ("open, hours", 7205),
        ("open, models", "shared"),
        ("open, hours", 7205),
        ("open, models", "shared"),
    ):
        write(run, more)
        write("open, speakers", None)
    assert sorted(recorded.read(PAPER, folder=tmp_path).trials["run"]) == [
        "open, hours",
        "open, models",
        "open, speakers",
    ]


@pytest.mark.parametrize(("caps", "kept"), [(("epochs",), [30]), ((), [30, 100])])
def test_a_training_takes_the_place_of_the_same_one_under_another_cap(
    tmp_path, monkeypatch, caps, kept
):
    @dataclass(frozen=True)
    class Capped:
        seed: int
        epochs: int

    write = recorded.write
    monkeypatch.setattr(recorded, "write", lambda *given: write(*given, folder=tmp_path))
    paper = SimpleNamespace(name=PAPER, folder="luck", methods={"models": 1}, caps=caps)
    data = SimpleNamespace(content=lambda trial: "data")
    parameters = SimpleNamespace(edition="open", device="cpu")
    for epochs in (30, 100, 30):
        trials = [Capped(seed=0, epochs=epochs)]
        task = Task(name="models", run=luck.run, trials=trials, data=data, corpora=())
        recording.write(paper, parameters, task, [{"counts": [["a", 0, 0, 1]]}])
    assert sorted(recorded.read(PAPER, folder=tmp_path).trials["epochs"]) == kept


def test_trials_of_two_devices_are_never_one_run(tmp_path):
    def write(seed, device):
        run, about, trials = "open, models", ABOUT | {"device": device}, [Trial(seed=seed, more="")]
        recorded.write(
            PAPER,
            lambda start: recorded.frames(run, about, trials, ["k"], [{}], start=start),
            ["seed", "more"],
            folder=tmp_path,
        )
        found = recorded.read(PAPER, folder=tmp_path)
        assert set(found.kind("models")["run"]) == set(found.runs)
        told = zip(found.trials["seed"], found.trials["run"], strict=True)
        return {int(seed): (run, found.runs[run]["device"]) for seed, run in told}

    first, second, third = (
        ("open, models", "cpu"),
        ("open (2), models", "cuda"),
        ("open (3), models", "tpu"),
    )
    assert write(0, "cpu") == {0: first}
    assert write(1, "cpu") == {0: first, 1: first}
    assert write(2, "cuda") == {0: first, 1: first, 2: second}
    assert write(1, "cuda") == {0: first, 1: second, 2: second}
    assert write(3, "tpu") == {0: first, 1: second, 2: second, 3: third}
    assert write(0, "cuda") == {0: second, 1: second, 2: second, 3: third}
    assert write(4, "cpu")[4] == first


def written(folder, seeds, data="rows", **about) -> None:
    trials = [Trial(seed=seed, more="") for seed in seeds]
    recorded.write(
        PAPER,
        lambda start: recorded.frames(
            "open, models",
            ABOUT | about,
            trials,
            ["k"] * len(trials),
            [{}] * len(trials),
            start=start,
            data=None if data is None else [data] * len(trials),
        ),
        ["seed", "more"],
        folder=folder,
    )


def test_a_seed_that_is_added_hides_nothing_of_the_earlier_ones(tmp_path):
    first = {"date": "2026-01-01", "commit": "a", "clean": True}
    second = {"date": "2026-02-02", "commit": "b", "clean": False}
    written(tmp_path, [0], **first, encoders={"one": 8})
    written(tmp_path, [1], **second, encoders={"two": 16})
    (run,) = recorded.runs(PAPER, folder=tmp_path).values()
    assert {name: run[name] for name in second} == second
    assert run["earlier"] == [first]
    assert run["encoders"] == {"one": 8, "two": 16}
    written(tmp_path, [2], **second, corpora=["another"])
    assert set(recorded.runs(PAPER, folder=tmp_path)) == {"open, models", "open (2), models"}


def test_what_was_verified_stays_noted_when_a_seed_is_added(tmp_path):
    written(tmp_path, [0])
    notes = [{"date": "2026-01-01", "trials": {"0": "same"}}]
    recorded.amend(PAPER, lambda runs: runs["open, models"].update(verified=notes), folder=tmp_path)
    written(tmp_path, [1])
    assert recorded.runs(PAPER, folder=tmp_path)["open, models"]["verified"] == notes
    assert len(recorded.read(PAPER, folder=tmp_path).trials) == 2


@pytest.mark.parametrize(
    ("seeds", "changed", "name", "is_held"),
    [
        ([0], {}, "open, models", True),
        ([0, 1], {}, "open, models", True),
        ([1, 2], {}, "open, models", False),  # a seed more
        ([0], {"device": "cuda"}, "open, models", False),
        ([0], {"method": 2}, "open, models", False),
        ([0], {"versions": {"torch": "3"}}, "open, models", False),
        ([0], {"left_out": {"tess": {"damaged": 1}}}, "open, models", False),
        ([0], {"edition": "paper"}, "paper, models", False),
        ([0], {"corpora": ["another"]}, "open, models", False),
        ([0], {"data": "other rows"}, "open, models", False),
        ([0], {}, "open, views", False),  # of another kind
    ],
)
def test_a_seed_is_held_only_if_all_its_trials_have_this_origin(
    tmp_path, seeds, changed, name, is_held
):
    trials = [Trial(seed=seed, more="") for seed in seeds]
    data = [changed.get("data", "rows")] * len(trials)
    about = {key: value for key, value in (ABOUT | changed).items() if key != "data"}
    assert not recorded.holds(PAPER, name, ABOUT, trials, data, folder=tmp_path)
    written(tmp_path, [0, 1], data=None)  # as runs were recorded before
    assert not recorded.holds(PAPER, name, about, trials, data, folder=tmp_path)
    written(tmp_path, [0, 1])
    assert recorded.holds(PAPER, name, about, trials, data, folder=tmp_path) == is_held


def test_a_gpu_is_recorded_by_its_name(monkeypatch):
    assert recording._device("cpu") == "cpu"
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"a GPU for {device.type}")
    assert recording._device("auto") == "cuda (a GPU for cuda)"


@pytest.mark.parametrize(
    "paper",
    [path.name for path in sorted(recorded.FOLDER.iterdir()) if (path / "trials.csv.gz").is_file()],
)
def test_no_trial_is_recorded_twice(paper):
    assert not recorded.read(paper).trials.duplicated(["run", "key"]).any()
