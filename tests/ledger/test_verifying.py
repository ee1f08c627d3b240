"""Recorded trials run again: which come first, what counts as the same, and what is noted."""

import shutil
from dataclasses import asdict, dataclass
from types import SimpleNamespace

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from sercore import papers, store
from sercore.cli import app
from sercore.ledger import recorded, verifying
from sercore.sweep import Task

PAPER = "01-ser2022-transfer"
STUDIES = {paper.name: paper for paper in papers.every()}
ABOUT = {
    "edition": "open",
    "corpora": ["toy"],
    "encoders": {},
    "method": 1,
    "versions": {},
    "device": "cpu, x86_64",
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    row: str
    seed: int
    rate: float
    edition: str
    encoder: str = "none"


class Parameters(BaseModel):
    edition: str = "open"
    encoder: str = "none"


def outcome(trial: Trial, *, shift: float = 0.0, moved: int = 0) -> dict:
    """Errors near 0.2 that differ by seed, and ten answers, some of them moved."""
    return {
        "head_mse": 0.2 + 0.01 * trial.seed + shift,
        "counts": [["a", 0, 0, 10 - moved], ["a", 0, 1, moved]] if moved else [["a", 0, 0, 10]],
        "errors": [["a", 10, 0.123456789 + shift, 0.5]],
        "seconds_per_clip": 1.0 + shift,
    }


def study(run, trials) -> SimpleNamespace:
    """A study whose data are nothing and whose trials answer at once."""
    task = Task(name="toys", run=run, trials=trials, data=None, corpora=("toy",))
    return SimpleNamespace(
        name=PAPER,
        methods={"toys": 1},
        alone={},
        Parameters=Parameters,
        load=lambda parameters: None,
        tasks=lambda parameters, data: [task],
        code_path=lambda kind, settings: (settings["row"],),
        verified_with=lambda kind, settings: {},
    )


TRIALS = [
    Trial(row=row, seed=seed, rate=0.1, edition="open")
    for row in ("slow", "quick")
    for seed in range(5)
]


@pytest.fixture
def folder(tmp_path):
    outcomes = [
        outcome(trial) | {"seconds": 9.0 - trial.seed if trial.row == "slow" else 1.0 + trial.seed}
        for trial in TRIALS
    ]
    recorded.write(
        PAPER,
        lambda start: recorded.frames(
            "open, toys", ABOUT, TRIALS, ["k"] * len(TRIALS), outcomes, start=start
        ),
        list(asdict(TRIALS[0])),
        folder=tmp_path,
    )
    return tmp_path


def verify(folder, run=lambda trial, data, *, device: outcome(trial), **more):
    said = []
    return verifying.verify(study(run, TRIALS), {}, folder=folder, say=said.append, **more), said


def test_one_of_each_path_comes_first_and_the_cheapest_of_all(folder):
    rows, _ = verify(folder, trials=4)
    assert [(row["path"], row["trial"]) for row in rows] == [
        ("toys quick", 5),
        ("toys slow", 4),
        ("toys quick", 6),
        ("toys quick", 7),
    ]
    assert [row["path"] for row in verify(folder)[0]] == ["toys quick", "toys slow"]


def test_a_verification_goes_on_with_the_paths_that_the_last_one_left(folder):
    assert [[row["path"] for row in verify(folder, trials=1)[0]] for _ in range(3)] == [
        ["toys quick"],
        ["toys slow"],
        ["toys quick"],
    ]


def test_a_trial_is_asked_with_the_settings_it_was_recorded_with(folder):
    asked = []

    def run(trial, data, *, device):
        asked.append(trial)
        return outcome(trial)

    verify(folder, run, trials=10)
    assert sorted(asked, key=str) == sorted(TRIALS, key=str)
    assert all(type(each.seed) is int and type(each.rate) is float for each in asked)


@pytest.mark.parametrize(
    ("change", "word", "name"),
    [
        ({}, "same", ""),
        ({"shift": 1e-4}, "within noise", "errors"),
        ({"shift": 0.3}, "differs", "errors"),
        ({"moved": 2}, "within noise", "counts"),
    ],
)
def test_what_comes_out_is_held_against_the_seeds(folder, change, word, name):
    (row,), said = verify(folder, lambda trial, data, *, device: outcome(trial, **change), trials=1)
    assert row["outcome"] == word
    assert (name in row["name"]) if name else row["name"] == ""
    assert row["moved"] == change.get("moved", 0) / 10
    assert said[0].startswith(f"{PAPER}, open, toys, trial 5, toys quick: ")


def test_a_verification_that_is_stopped_keeps_what_it_found(folder):
    asked = []

    def run(trial, data, *, device):
        asked.append(trial)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return outcome(trial)

    with pytest.raises(KeyboardInterrupt):
        verify(folder, run, trials=5)
    (entry,) = recorded.runs(PAPER, folder=folder)["open, toys"]["verified"]
    assert entry["trials"] == {"4": "same", "5": "same"}


def test_times_are_never_compared(folder):
    (row,), _ = verify(
        folder, lambda trial, data, *, device: outcome(trial) | {"seconds_per_clip": 9.0}, trials=1
    )
    assert row["outcome"] == "same"


def test_one_recorded_seed_gives_no_noise(tmp_path):
    recorded.write(
        PAPER,
        lambda start: recorded.frames(
            "open, toys",
            ABOUT,
            TRIALS[:1],
            ["k"],
            [outcome(TRIALS[0]) | {"seconds": 1.0}],
            start=start,
        ),
        list(asdict(TRIALS[0])),
        folder=tmp_path,
    )
    (row,), _ = verify(tmp_path, lambda trial, data, *, device: outcome(trial, shift=0.5))
    assert row["outcome"] == "one seed"


def test_what_was_run_again_is_noted_and_nothing_else_changes(folder):
    before = recorded.read(PAPER, folder=folder)
    verify(folder, trials=3)
    after = recorded.read(PAPER, folder=folder)
    (entry,) = after.runs["open, toys"]["verified"]
    assert entry["trials"] == {"4": "same", "5": "same", "6": "same"}
    assert set(entry) == {"date", "commit", "clean", "processor", "trials", "largest", "of"}
    assert verifying.verified(after.runs["open, toys"]) == {4: "same", 5: "same", 6: "same"}
    assert after.trials.equals(before.trials)
    assert after.counts.equals(before.counts)


@pytest.mark.parametrize("about", [{"device": "cuda (a GPU), x86_64"}, {"method": 2}])
def test_runs_of_another_device_or_method_are_left_out(folder, about):
    recorded.amend(PAPER, lambda runs: runs["open, toys"].update(about), folder=folder)
    assert verify(folder) == ([], [])


def test_a_trial_that_reads_an_encoder_or_a_corpus_that_is_not_here_is_said(folder):
    recorded.amend(
        PAPER, lambda runs: runs["open, toys"].update(corpora=["toy", "emodb"]), folder=folder
    )
    rows, said = verify(folder)
    assert rows == []
    assert said[0].endswith("not run, it read emodb, which is not here")
    book = recorded.read(PAPER, folder=folder)
    tasks = verifying._Tasks(study(outcome, TRIALS), {})
    assert (
        tasks.of("open, toys", book.runs["open, toys"], {"encoder": "wav2vec2"})[1]
        == "it reads wav2vec2: name its folder with -p encoder=…"
    )


def test_no_minute_left_begins_no_trial(folder):
    rows, said = verify(folder, minutes=0)
    assert rows == []
    assert said == [f"{PAPER}: 0 minutes are over; 10 trials are left"]


def test_kept_trials_and_trainings_are_out_of_sight(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    for name in ("features", "trials", "trainings"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept").write_text("x")
    with verifying.fresh_trainings():
        assert store.root() != tmp_path
        assert sorted(path.name for path in store.root().iterdir()) == ["features"]
        assert (store.root() / "features" / "kept").read_text() == "x"
        (store.root() / "trainings").mkdir()
        gone = store.root()
    assert store.root() == tmp_path
    assert not gone.exists()
    assert (tmp_path / "trainings" / "kept").exists()


@pytest.mark.parametrize("paper", STUDIES)
def test_every_recorded_trial_of_the_book_has_a_path_and_can_be_built(paper):
    book, chosen = recorded.read(paper), STUDIES[paper]
    retired = {"hours"} if chosen.folder == "padi2021" else set()  # timings that left the package
    assert set(map(recorded.kind_of, book.runs)) <= set(chosen.methods) | retired
    for run, about in book.runs.items():
        assert about["study"] == chosen.folder
        assert recorded.stale(run, about, chosen.methods) == ""
    queue = verifying.order(chosen, book)
    here = {run for run, about in book.runs.items() if about["device"].startswith("cpu")}
    assert {each["run"] for each in queue} == here
    assert [each["first"] for each in queue] == sorted(
        (each["first"] for each in queue), reverse=True
    )


def test_a_recorded_trial_of_chapter_1_comes_out_again(speech, tmp_path, monkeypatch):
    """The cheapest one, of the gender tables: its features were measured by the paper's co-author."""
    if not (speech / "gender-tables").is_dir():
        pytest.skip(f"needs gender-tables: no such folder in {speech}")
    monkeypatch.setenv("SER_CORPORA", str(speech))
    shutil.copytree(recorded.FOLDER / PAPER, tmp_path / PAPER)
    (row,) = verifying.verify(papers.named(PAPER), {}, trials=1, folder=tmp_path)
    assert row["path"].startswith("gender ")
    assert row["outcome"] in verifying.AGREED


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("99",), "99: no such paper; expected one of 01-ser2022-transfer"),
        (("01", "--trials", "0"), "--trials"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(arguments, words):
    found = CliRunner().invoke(app, ["verify", *arguments])
    assert found.exit_code != 0
    assert words in found.output + str(found.exception)


@pytest.mark.parametrize(("word", "code"), [("same", 0), ("one seed", 0), ("differs", 1)])
def test_the_command_ends_with_1_where_a_trial_differs(word, code, monkeypatch):
    rows = [
        {
            "paper": PAPER,
            "run": "r",
            "trial": 1,
            "path": "p",
            "outcome": word,
            "largest": 0.1,
            "name": "n",
            "moved": 0.0,
            "seconds": 1.0,
        }
    ]
    monkeypatch.setattr(verifying, "verify", lambda *_, **__: rows)
    found = CliRunner().invoke(app, ["verify", "01", "--json"])
    assert found.exit_code == code
    assert f'"outcome": "{word}"' in found.output
    assert f"1 {word}" in found.output


def test_a_whole_number_is_read_whatever_its_column_holds():
    row = {"row": "slow", "seed": "3.0", "rate": 1.0, "edition": "open", "encoder": float("nan")}
    assert verifying.trial_of(Trial, row) == Trial(
        row="slow", seed=3, rate=1.0, edition="open", encoder=""
    )
