"""What is recorded is written once: a trial that is recorded again replaces itself."""

from dataclasses import asdict, dataclass

import pytest

from sercore.ledger import recorded

PAPER = "01-ser2022-transfer"
ABOUT = {"edition": "open", "corpora": [], "module": "sercore.sweep", "encoders": {}}


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
            return recorded.frames("open, models", ABOUT, trials[:few], ["k"] * few, outcomes[:few], start=start)

        recorded.write(PAPER, new, list(asdict(trials[0])), folder=tmp_path)
    found = recorded.read(PAPER, folder=tmp_path)
    assert sorted(found.trials["seed"]) == [0, 1]
    assert sorted(found.counts["trial"]) == sorted(found.trials["trial"])


@pytest.mark.parametrize("paper", [path.name for path in sorted(recorded.FOLDER.iterdir()) if (path / "trials.csv.gz").is_file()])
def test_no_trial_is_recorded_twice(paper):
    assert not recorded.read(paper).trials.duplicated(["run", "key"]).any()
