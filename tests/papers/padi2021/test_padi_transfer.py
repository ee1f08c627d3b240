"""What a trial of paper 04 starts from: a speaker recogniser that is trained, shared or given; what then stays and what moves."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.study import GRID
from sercore.papers.padi2021.trial import build, run
from sercore.training import checkpoints
from sercore.training.resumable import LAST
from tests.papers.padi2021 import padi_toy
from tests.papers.padi2021.padi_toy import moved, trial, weights


@pytest.fixture(scope="module")
def data():
    return padi_toy.data()


@pytest.fixture(autouse=True)
def narrow(empty_store, monkeypatch):
    padi_toy.narrow(monkeypatch)


def taught(done, held) -> dict[str, torch.Tensor]:
    """Of the speaker recogniser that a training started from, as they stand on disk."""
    return checkpoints.read(
        padi_trial.train_recogniser(done.recogniser, held.source).folder / LAST
    )[0]


def backbone(tensors) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name.startswith("backbone.")}


def test_frozen_keeps_every_tensor_of_the_speaker_recogniser(data):
    outcome = run(trial("111"), data)
    found, start = weights(trial("111"), data), build(trial("111"), data).state_dict()
    assert outcome["steps"] >= 20
    assert backbone(found).keys() == backbone(taught(trial("111"), data)).keys()
    assert not moved(backbone(found), taught(trial("111"), data))
    assert any(name.endswith("running_var") for name in backbone(found))
    assert all(
        not torch.equal(found[name], start[name]) for name in found if name.startswith("head.")
    )


def test_finetuning_starts_from_the_recogniser_and_moves_all_of_it(data):
    done = trial("111, finetune")
    run(done, data)
    start = build(done, data).state_dict()
    assert not moved(backbone(start), taught(done, data))
    assert not moved(
        backbone(start), build(trial("111"), data).state_dict()
    )  # the same recogniser teaches both
    assert {"backbone.stem", "backbone.stages", "head.full"} <= moved(weights(done, data), start)


def test_without_transfer_no_speaker_is_learnt(data, monkeypatch):
    monkeypatch.setattr(
        padi_trial, "train_recogniser", lambda *given, **settings: pytest.fail("taught")
    )
    done = trial("011")
    run(done, data)
    assert {"backbone.stem", "backbone.stages", "head.output"} <= moved(
        weights(done, data), build(done, data).state_dict()
    )
    other = replace(data, source=replace(data.source, contents="other"))
    assert data.content(done) == other.content(done)
    assert data.content(trial("111")) != other.content(trial("111"))


def test_shared_and_strict_recognisers(data):
    shared, strict = (
        [trial(row.name, speakers=kind) for row in GRID[4:]] for kind in ("shared", "strict")
    )
    assert len({each.recogniser for each in shared}) == 1
    assert {(each.augmentation, each.pooling) for each in {one.recogniser for one in shared}} == {
        ("both", "statistics")
    }
    assert [(one.recogniser.augmentation, one.recogniser.pooling) for one in strict] == [
        (one.augmentation, one.pooling) for one in strict
    ]
    starts = [
        build(trial("100", speakers=kind), data).state_dict() for kind in ("shared", "strict")
    ]
    assert not moved(backbone(starts[1]), taught(trial("100", speakers="strict"), data))
    assert "backbone.stem" in moved(*map(backbone, starts))


@pytest.fixture
def lent(data, tmp_path):
    """Data with a recogniser of another origin, in a file that these tensors are written to."""

    def save(tensors) -> padi_toy.Data:
        path = tmp_path / "lent.safetensors"
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
        return replace(data, source=replace(data.source, checkpoint=str(path)))

    return save


def test_a_recogniser_that_is_given_is_started_from(data, lent, monkeypatch):
    tensors = taught(trial("111", seed=7), data)
    monkeypatch.setattr(
        padi_trial, "train_recogniser", lambda *given, **settings: pytest.fail("taught")
    )
    held, done = lent(tensors), trial("111", speakers="given", pretraining=0)
    run(done, held)
    assert not moved(backbone(weights(done, held)), tensors)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            lambda tensors: tensors.pop("backbone.stem.0.weight"),
            r"1 missing \(backbone\.stem\.0\.weight\)",
        ),
        (
            lambda tensors: tensors.update({"backbone.stem.0.weight": torch.zeros(8, 1, 3, 3)}),
            r"1 of another shape \(.*\(8, 1, 3",
        ),
        (
            lambda tensors: tensors.update({"encoder.gate": torch.zeros(1)}),
            r"1 without a place \(encoder\.gate\)",
        ),
    ],
)
def test_a_recogniser_that_does_not_fit_is_named(data, lent, changed, told):
    tensors = build(trial("011"), data).state_dict()
    changed(tensors)
    with pytest.raises(ValueError, match=rf"lent\.safetensors: tensors that do not fit: .*{told}"):
        run(trial("111", speakers="given"), lent(tensors))


def test_a_recogniser_in_another_format_is_refused(data, tmp_path):
    path = tmp_path / "lent.pt"
    path.write_bytes(b"pickled")
    held = replace(data, source=replace(data.source, checkpoint=str(path)))
    with pytest.raises(
        ValueError, match=r"lent\.pt: no safetensors file \(.*Convert the checkpoint"
    ):
        run(trial("111", speakers="given"), held)


def test_a_recogniser_is_verified_on_speakers_whom_it_never_met(data):
    outcome = padi_trial.run_recogniser(trial("111").recogniser, data.source)
    assert set(data.source.speakers).isdisjoint(data.groups)
    assert 0 <= outcome["equal_error_rate"] <= 1
    assert outcome["equal_error_rate"] != outcome["equal_error_rate_untrained"]
    assert (outcome["pairs"], outcome["taught_speakers"], outcome["training_clips"]) == (60, 4, 20)
    assert (
        outcome["steps"] == 2 * 2
    )  # an epoch reads one version of four clips of each speaker, eight a step
    again = padi_trial.train_recogniser(trial("111").recogniser, data.source)
    assert (
        padi_trial.verification_error(again.network, data.source, precision="fp32")
        == outcome["equal_error_rate"]
    )
