"""Paper 03's final model and a model to keep: how long it trains, what it hears, whose score it has, what it says of itself."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from sercore.papers.biagini2022 import card as loopq_card
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022.card import score
from sercore.papers.biagini2022.models import RECIPES
from sercore.papers.biagini2022.trial import batches
from sercore.parameters import ParameterError
from sercore.sweep import sweep
from sercore.training import checkpoints
from sercore.training.resumable import BEST, LAST, STATE
from tests.papers.biagini2022 import loopq_clips
from tests.papers.biagini2022.loopq_toy import toy, trial

DEMO = {"edition": "demo", "epochs": "1"}


@pytest.fixture(scope="module")
def data():
    return toy()


@pytest.fixture(autouse=True)
def one_thread(empty_store):
    torch.set_num_threads(1)


@pytest.fixture
def clips(tmp_path, monkeypatch):
    return loopq_clips.use(monkeypatch, tmp_path)


@pytest.mark.parametrize(
    ("epochs", "at"),
    [
        (30, (15, 25)),
        (8, (4, 7)),
        (12, (6, 10)),
        (7, (4, 6)),
        (4, (2, 3)),
        (3, (2, 3)),
        (2, (1, 2)),
        (1, (1,)),
    ],
)
def test_cuts_are_at_half_and_five_sixths(epochs, at):
    assert loopq_card.final_schedule("MMFUSION", epochs=epochs).at == at
    assert all(
        abs(cut - exact) <= 0.5
        for cut, exact in zip(at, (epochs / 2, 5 * epochs / 6), strict=False)
    )


@pytest.mark.parametrize("model", RECIPES)
def test_rates_fall_by_the_models_own_factor(model):
    chosen = replace(trial("CNNLSTM fixed"), model=model)
    how, factor = loopq_card.final_plan(chosen, epochs=30), 0.5 if model == "CNNLSTM" else 0.1
    assert (how.epochs, how.stop, how.optimiser) == (30, None, RECIPES[model].optimiser)
    rates = [how.schedule.rate(how.rate, [1.0] * done) / how.rate for done in range(30)]
    assert rates == pytest.approx([1.0] * 15 + [factor] * 10 + [factor**2] * 5)


@pytest.mark.parametrize(
    ("bests", "median"), [([7], 7), ([3, 9, 4], 4), ([4, 5], 5), ([1, 2, 3, 8], 3), ([1, 1], 1)]
)
def test_length_is_the_median_best_epoch(bests, median):
    assert loopq_card.final_epochs(bests) == median


def test_every_clip_trains_in_every_epoch_and_none_validates(data, monkeypatch):
    met = []
    monkeypatch.setattr(
        loopq_trial,
        "batches",
        lambda *given, **settings: met.append(given[2]) or batches(*given, **settings),
    )
    final = loopq_card.train_final(trial(), data, epochs=3)
    assert [rows.tolist() for rows in met] == [list(range(len(data.table)))] * 3
    assert all("validation" not in epoch for epoch in final.history.epochs)
    assert (final.history.best, final.history.ending) == (3, "all 3 epochs")
    assert [epoch["rates"][0] for epoch in final.history.epochs] == pytest.approx(
        [1e-3, 1e-3, 1e-4]
    )
    kept, last = (checkpoints.read(final.folder / name)[0] for name in (BEST, LAST))
    assert all(torch.equal(tensor, last[name]) for name, tensor in kept.items())
    assert all(
        torch.equal(tensor, last[name]) for name, tensor in final.network.state_dict().items()
    )


def test_a_stopped_final_training_goes_on_and_a_finished_one_is_read(data, monkeypatch, tmp_path):
    whole = loopq_card.train_final(trial(), data, epochs=4)
    monkeypatch.setenv("SER_STORE", str(tmp_path / "stopped"))
    met = []

    def stopping(*given, epoch, **settings):
        if not met and epoch == 3:
            raise KeyboardInterrupt
        met.extend([epoch] * (epoch > 2))
        return batches(*given, epoch=epoch, **settings)

    monkeypatch.setattr(loopq_trial, "batches", stopping)
    with pytest.raises(KeyboardInterrupt):
        loopq_card.train_final(trial(), data, epochs=4)
    assert len(list(tmp_path.glob(f"stopped/trainings/*/*/{STATE}"))) == 1
    met.append(0)  # from now on it goes through
    again = loopq_card.train_final(trial(), data, epochs=4)
    assert met == [0, 3, 4]
    assert not list(tmp_path.glob(f"stopped/trainings/*/*/{STATE}"))
    assert all(
        torch.equal(tensor, again.network.state_dict()[name])
        for name, tensor in whole.network.state_dict().items()
    )
    monkeypatch.setattr(loopq_trial, "fit", lambda *given, **settings: pytest.fail("trained again"))
    read = loopq_card.train_final(trial(), data, epochs=4)
    assert read.history == again.history


def test_a_key_moves_with_what_trains_and_not_with_the_split(data):
    def folder(chosen, epochs=2, data=data):
        return loopq_card.final_folder(chosen, data, epochs=epochs, device=torch.device("cpu"))

    own = folder(trial())
    assert folder(trial(protocol="speaker-independent", epochs=9)) == own
    table = data.table.assign(**{"class": np.roll(data.table["class"], 1)})
    others = [
        folder(trial(seed=1)),
        folder(trial(rates="paper")),
        folder(trial(), 3),
        folder(trial(), data=replace(data, table=table)),
    ]
    assert len({own, *others}) == 5


def test_a_saved_model_has_the_trials_weights_and_score(clips, tmp_path):
    about = loopq_card.CARD.train("FCMFCC", DEMO, out=tmp_path / "model")
    parameters = loopq.Parameters(epochs=1)
    (chosen,) = [
        each
        for each in loopq.grid(parameters, encoder="random")
        if (each.row.name, each.protocol) == ("FCMFCC as-run", "speaker-independent")
    ]
    data = loopq.load(loopq.Parameters(epochs=1, only="FCMFCC as-run"))
    (outcome,) = sweep(loopq_trial.run, [chosen], data)
    assert about["speaker_independent"] == score(outcome["counts"], 7)
    assert {
        name: about["speaker_independent"][name] for name in ("accuracy", "macro_f1", "clips")
    } == {name: outcome[name] for name in ("accuracy", "macro_f1", "clips")}
    fitted, (training, watched, _) = (
        loopq_trial.trained(chosen, data),
        loopq_trial.split(chosen, data),
    )
    saved, told = checkpoints.read(tmp_path / "model" / checkpoints.WEIGHTS)
    assert all(
        torch.equal(tensor, saved[name]) for name, tensor in fitted.network.state_dict().items()
    )
    assert told == about == json.loads((tmp_path / "model" / checkpoints.ABOUT).read_text())
    assert about["training"]["corpora"] == {"toy": len(training)}
    assert about["training"]["validation_clips"] == len(watched)
    assert (about["recipe"]["epochs"], about["recipe"]["epoch_kept"], about["final"]) == (
        1,
        1,
        False,
    )
    assert (about["training"]["languages"], about["input"]["seconds"]) == (["en-GB"], 2.048)
    assert "tells nothing about people" in " ".join(about["limits"])
    assert not any("heard every clip" in sentence for sentence in about["limits"])


def test_the_trial_is_found_where_it_was_run_before(clips, tmp_path, monkeypatch):
    first = loopq_card.CARD.train("FCMFCC as-run", DEMO, out=tmp_path / "first")
    monkeypatch.setattr(loopq_trial, "fit", lambda *given, **settings: pytest.fail("trained again"))
    assert loopq_card.CARD.train("FCMFCC", DEMO | {"seed": "0"}, out=tmp_path / "second") == first


def test_a_final_model_is_the_final_training_with_the_splits_score(clips, tmp_path, monkeypatch):
    """Its length comes from the by-origin runs, its score from the trial of the same row without its test speakers."""
    asked, plain = [], sweep

    def counted(run, trials, data, **options):
        asked.extend(trials)
        return plain(run, trials, data, **options)

    monkeypatch.setattr(loopq_card, "sweep", counted)
    about = loopq_card.CARD.train(
        "FCMFCC", DEMO | {"epochs": "3"}, out=tmp_path / "final", final=True
    )
    assert [each.protocol for each in asked] == ["speaker-independent", "by-origin"]
    split = loopq_card.CARD.train("FCMFCC", DEMO | {"epochs": "3"}, out=tmp_path / "split")
    assert about["speaker_independent"] == split["speaker_independent"]
    (by_origin,) = sweep(
        loopq_trial.run, asked[1:2], loopq.load(loopq.Parameters(epochs=3, only="FCMFCC as-run"))
    )
    assert about["recipe"]["epochs"] == about["recipe"]["epoch_kept"] == by_origin["best_epoch"]
    assert about["training"]["corpora"] == {"toy": len(clips)}
    assert (about["final"], about["training"]["validation_clips"]) == (True, 0)
    assert about["limits"][5].endswith("the saved weights have heard every clip.")
    assert loopq_card.CARD.sentences(about)[1].startswith(
        "The same recipe, trained without the tested speakers: accuracy "
    )


def test_final_lengths(clips, tmp_path, monkeypatch):
    """MMFUSION's is published, up to a cap that is asked for; of the others the seeds tell."""
    lengths = []

    class Stop(Exception):
        pass

    def stopped(trial, data, *, epochs, device):
        lengths.append(epochs)
        raise Stop

    monkeypatch.setattr(loopq_card, "train_final", stopped)
    outcome = {"counts": [["toy/f1", 0, 0, 1]]}
    monkeypatch.setattr(loopq_card, "sweep", lambda run, trials, *given, **more: [
        outcome | {"best_epoch": 2 + 3 * each.seed} for each in trials])  # fmt: skip
    demo = {"edition": "demo"}
    for name, given in (
        ("MMFUSION", {}),
        ("MMFUSION", {"epochs": 6}),
        ("FCMFCC", {"seeds": 3}),
        ("FCMFCC", {"seed": 2}),
    ):
        with pytest.raises(Stop):
            loopq_card.CARD.train(name, demo | given, out=tmp_path / "out", final=True)
    assert lengths == [30, 6, 5, 8]


@pytest.mark.parametrize(
    ("name", "given", "final", "message"),
    [
        (
            "FCMFC",
            {},
            False,
            'FCMFC: no such model; expected a row or a model of chapter 3, the nearest is "FCMFCC"',
        ),
        ("CNNLSTM fixated", {}, False, 'the nearest is "CNNLSTM fixed"'),
        ("CNNLSTM as-run", {}, False, 'one sequence.*Name "CNNLSTM per-clip" or "CNNLSTM fixed"'),
        ("FCMFCC as-run, labels shuffled", {}, False, "a control that has nothing to learn"),
        (
            "FCMFCC",
            {"folds": "2"},
            False,
            "-p folds=2: no choice here; expected one of edition, epochs, seed",
        ),
        ("FCMFCC", {"epochs": "none"}, False, '-p epochs=none: "none" is not a whole number'),
        (
            "FCMFCC",
            {"epoch": "3"},
            False,
            "-p epoch=3: this chapter has no `epoch`; did you mean `epochs`",
        ),
        ("FCMFCC", {"seeds": "3"}, False, "-p seeds=3: .*expected with --final"),
        ("MMFUSION", {"seeds": "3"}, True, "-p seeds=3: .*not for MMFUSION"),
        (
            "FCMFCC",
            {"seeds": "3", "seed": "1"},
            True,
            "-p seeds=3: changes nothing beside -p seed=1",
        ),
        (
            "FCMFCC",
            {"encoder": "random"},
            False,
            "-p encoder=random: changes nothing beside -p only=FCMFCC as-run",
        ),
        (
            "HUBERTFT",
            {"encoder": "none"},
            False,
            "reads a speech encoder's frames, and none is here",
        ),
    ],
)
def test_what_cannot_be_trained_is_told(name, given, final, message, tmp_path):
    with pytest.raises(ParameterError, match=message):
        loopq_card.CARD.train(name, {"edition": "demo"} | given, out=tmp_path / "out", final=final)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there(tmp_path):
    with pytest.raises(ParameterError, match="-p device=cuda: no GPU was found"):
        loopq_card.CARD.train("FCMFCC", {"device": "cuda"}, out=tmp_path / "out")


def test_a_folder_that_cannot_be_made_is_told_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="file/model: no folder can be made here"):
        loopq_card.CARD.train("FCMFCC", {"edition": "demo"}, out=tmp_path / "file" / "model")


@pytest.mark.parametrize("name", loopq_card.READINGS)
def test_a_models_name_means_its_reading(name):
    assert loopq_card.chosen(name) == loopq_card.chosen(f"{name} {loopq_card.READINGS[name]}")


def test_score_is_closed_form():
    counts = [["a/1", 0, 0, 3], ["a/1", 1, 0, 1], ["b/1", 1, 1, 2], ["b/2", 0, 1, 2]]
    found = score(counts, 2)
    assert (found["accuracy"], found["clips"], found["speakers"], found["corpora"]) == (
        5 / 8,
        8,
        3,
        ["a", "b"],
    )
    assert found["macro_f1"] == pytest.approx((2 * 3 / (5 + 4) + 2 * 2 / (3 + 4)) / 2)
    assert found["by_corpus"]["a"] == {
        "accuracy": 0.75,
        "macro_f1": pytest.approx((6 / 7 + 0) / 2),
        "clips": 4,
    }
    assert Counter({name: each["clips"] for name, each in found["by_corpus"].items()}) == {
        "a": 4,
        "b": 4,
    }
