"""Tuned trials of paper 03: what of the loaded weights learns, what is scored when, what a key reads, what is refused."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoModel, ConvNextForImageClassification, HubertConfig, Wav2Vec2Config

from sercore.encoders import EncoderError
from sercore.ledger import recorded
from sercore.papers.biagini2022 import models as loopq_models
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022.models import TUNED
from sercore.papers.biagini2022.trial import build, run, trained, with_weights
from sercore.sweep import trial_keys
from sercore.training import checkpoints
from sercore.training.resumable import BEST, HISTORY, LAST, STATE, folder
from tests.models.tiny_hubert import BASE, LARGE
from tests.papers.biagini2022.loopq_tuned_toy import (
    MASKING,
    PICTURES,
    RANDOM,
    save,
    timeless,
    trial,
    weights,
)


@pytest.mark.parametrize("name", TUNED)
def test_exactly_what_the_variant_optimises_leaves_the_loaded_weights(data, hubs, name):
    """Bit for bit; what is frozen, or as run in no optimiser, stays as it was loaded or drawn."""
    chosen = trial(name, data)
    before, after = build(chosen, data).state_dict(), weights(trained(chosen, data))
    assert before.keys() == after.keys()
    loaded = AutoModel.from_pretrained(hubs[chosen.model]).state_dict()
    assert all(torch.equal(before[f"speech.{key}"], each) for key, each in loaded.items())
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    head = {"HUBERTFT": ("head",), "MMFUSION": ("before", "output", "pictures")}[chosen.model]
    fusion = (
        ("lstm", "maps", "blocks")
        if chosen.model == "MMFUSION" and chosen.variant == "fixed"
        else ()
    )
    held = tuple(f"{part}." for part in (*head, *fusion, "speech.encoder"))
    still = {key for key in before if not key.startswith(held)}
    assert any(key.startswith("speech.feature_projection.") for key in still)
    assert moved == before.keys() - still
    if chosen.model == "MMFUSION":
        pictures = AutoModel.from_pretrained(hubs["pictures"]).state_dict()
        assert all(
            torch.equal(pictures[key.removeprefix("pictures.")], before[key])
            for key in before
            if key.startswith("pictures.")
        )


@pytest.mark.parametrize(
    ("variant", "met"),
    [("as-run", {True: True, False: False}), ("fixed", {True: True, False: True})],
)
def test_hubertft_as_run_hands_a_mask_in_training_alone(data, monkeypatch, variant, met):
    seen = {}

    def watched(*given):
        network = build(*given)
        network.speech.register_forward_pre_hook(
            lambda speech, given, named: seen.update(
                {speech.training: named["attention_mask"] is not None}
            ),
            with_kwargs=True,
        )
        return network

    monkeypatch.setattr(loopq_trial, "build", watched)
    run(trial(f"HUBERTFT {variant}, tuned", data, epochs=1), data)
    assert seen == met


def test_rates_and_plan_are_the_recipes(data):
    fitted = trained(trial("MMFUSION fixed, tuned", data, epochs=1), data)
    assert fitted.history.epochs[0]["rates"] == [1e-4, 1e-5]
    _, about = checkpoints.read(fitted.folder / BEST)
    assert (
        about["run"]["plan.batch"],
        about["run"]["plan.optimiser"],
        about["run"]["plan.weight_decay"],
    ) == (16, "adamw", 1e-5)


@pytest.mark.parametrize("name", ["HUBERTFT fixed, tuned", "MMFUSION fixed, tuned"])
def test_bf16_trains_where_the_plan_says_so(data, name):
    if name.startswith("MMFUSION") and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor has no recurrent networks in bf16")
    fitted = trained(trial(name, data, precision="bf16", epochs=1), data)
    assert np.isfinite(fitted.history.epochs[0]["validation"]["loss"])
    assert {weight.dtype for weight in fitted.network.parameters()} == {torch.float32}


def test_by_origin_tells_best_and_last_and_enters_the_ledger(data, tmp_path):
    chosen = trial("HUBERTFT as-run, tuned", data, epochs=4)
    outcome = run(chosen, data)
    assert json.loads(json.dumps(outcome)) == outcome
    curve = [accuracy for *_, accuracy in outcome["curves"]]
    assert outcome["best_epoch"] == 1 + curve.index(max(curve))
    assert (
        outcome["clips"]
        == sum(row[-1] for row in outcome["counts_last"])
        == sum(row[-1] for row in outcome["counts"])
    )
    right = sum(
        number for _, true, predicted, number in outcome["counts_last"] if true == predicted
    )
    assert outcome["accuracy_last"] == right / outcome["clips"]
    assert outcome["parameters"] == sum(
        weight.numel() for weight in build(chosen, data).parameters()
    )
    (key,) = trial_keys(run, [chosen], data)
    place = folder(loopq_trial.__name__, chosen, data.content(chosen), device=torch.device("cpu"))
    assert place.is_dir()
    told = recorded.frames("demo, tuned", {}, [chosen], [key.hex], [outcome])
    assert told.trials[["run", "model", "encoder", "pictures"]].to_numpy().tolist() == [
        ["demo, tuned", "HUBERTFT", "tiny-hubert", "none"]
    ]
    assert told.counts["count"].sum() == outcome["clips"]


def test_unheard_speakers_are_scored_once(data, monkeypatch):
    chosen, met = trial("HUBERTFT fixed, tuned", data, "speaker-independent"), []
    scored = loopq_trial.scored
    monkeypatch.setattr(
        loopq_trial, "scored", lambda *given: met.append(given[3]) or scored(*given)
    )
    outcome = run(chosen, data)
    training, watched, test = loopq_trial.split(chosen, data)
    assert [rows.tolist() for rows in met] == [test.tolist()]
    assert set(data.groups[test]).isdisjoint(data.groups[[*training, *watched]])
    assert (outcome["accuracy_last"], outcome["macro_f1_last"], outcome.get("counts_last")) == (
        None,
        None,
        None,
    )


@pytest.mark.parametrize("name", ["HUBERTFT as-run, tuned", "MMFUSION as-run, tuned"])
def test_an_interrupted_training_ends_with_the_bits_of_one_left_in_peace(
    data, tmp_path, monkeypatch, name
):
    """The encoder's dropped layers and masked frames too; numpy's own generator is found again as it was."""
    chosen, drawn = trial(name, data, epochs=3), np.random.get_state()[1].tolist()  # noqa: NPY002
    peaceful, whole = timeless(run(chosen, data)), trained(chosen, data)
    assert np.random.get_state()[1].tolist() == drawn  # noqa: NPY002
    kept = {file: weights(whole, file) for file in (BEST, LAST)}
    monkeypatch.setenv("SER_STORE", str(tmp_path / "again"))
    plain, epochs = loopq_trial.batches, []

    def broken(*given, epoch, **settings):
        for step, batch in enumerate(plain(*given, epoch=epoch, **settings)):
            if (epoch, step) == (3, 2):
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(loopq_trial, "batches", broken)
    with pytest.raises(KeyboardInterrupt):
        run(chosen, data)
    place = folder(loopq_trial.__name__, chosen, data.content(chosen), device=torch.device("cpu"))
    assert [path.name for path in place.iterdir()] == [STATE]
    np.random.seed(7)  # noqa: NPY002
    torch.manual_seed(7)
    monkeypatch.setattr(
        loopq_trial,
        "batches",
        lambda *given, epoch, **settings: (
            epochs.append(epoch) or plain(*given, epoch=epoch, **settings)
        ),
    )
    assert timeless(run(chosen, data)) == peaceful
    assert epochs == [3, 0]
    again = trained(chosen, data)
    assert sorted(path.name for path in place.iterdir()) == sorted([BEST, LAST, HISTORY])
    for file, tensors in kept.items():
        assert all(
            torch.equal(tensor, weights(again, file)[key]) for key, tensor in tensors.items()
        )


def test_a_key_moves_with_the_content_of_what_the_network_starts_from(sounds, hubs, tmp_path):
    """Not with the folder's place; and weights that are changed under a run stop it."""
    rows = list(TUNED.values())

    def keys(where):
        found = with_weights(sounds, rows, where)
        return [
            each.hex for name in TUNED for each in trial_keys(run, [trial(name, found)], found)
        ], found

    before, _ = keys(hubs)
    moved = {
        what: str(tmp_path / "elsewhere" / address.rsplit("/", 1)[-1])
        for what, address in hubs.items()
    }
    torch.manual_seed(3)
    save(AutoModel.from_config(HubertConfig(**LARGE | MASKING)), moved["HUBERTFT"])
    save(AutoModel.from_config(Wav2Vec2Config(**BASE | MASKING)), moved["MMFUSION"])
    save(ConvNextForImageClassification(PICTURES), moved["pictures"])
    same, found = keys(moved)
    assert same == before
    save(ConvNextForImageClassification(PICTURES), moved["pictures"])
    other, _ = keys(moved)
    assert [one == two for one, two in zip(before, other, strict=True)] == [
        True,
        True,
        False,
        False,
    ]
    save(AutoModel.from_config(HubertConfig(**LARGE)), moved["HUBERTFT"])
    third, _ = keys(moved)
    assert [one == two for one, two in zip(other, third, strict=True)] == [False, False, True, True]
    with pytest.raises(EncoderError, match="tiny-hubert: other weights than as this run began"):
        build(trial("HUBERTFT fixed, tuned", found), found)


def test_random_weights_need_no_folder(sounds):
    data = with_weights(
        sounds, list(TUNED.values()), dict.fromkeys(loopq_models.PUBLISHED, "random")
    )
    one, two = (
        build(trial("MMFUSION fixed, tuned", data, seed=seed), data).state_dict() for seed in (0, 1)
    )
    same = {key.split(".")[0] for key in one if torch.equal(one[key], two[key])}
    assert "speech" in same
    assert not torch.equal(
        *(each["pictures.embeddings.patch_embeddings.weight"] for each in (one, two))
    )
    assert data.named(TUNED["MMFUSION fixed, tuned"]) == RANDOM


@pytest.mark.parametrize(
    ("what", "spoilt", "told"),
    [
        (
            "pictures",
            lambda place: (place / "model.safetensors").unlink(),
            "no model.safetensors among .*save the model",
        ),
        (
            "pictures",
            lambda place: (place / "model.safetensors").write_bytes(b"no"),
            "not loadable .*Download or save it again",
        ),
        (
            "pictures",
            lambda place: save(AutoModel.from_config(HubertConfig(**BASE)), place),
            "a hubert model; expected a convnext",
        ),
        (
            "HUBERTFT",
            lambda place: (place / "model.safetensors").unlink(),
            "no model.safetensors among",
        ),
        ("HUBERTFT", lambda place: None, "a convnext model, no speech encoder known here"),
    ],
)
def test_weights_that_cannot_be_tuned_are_refused(sounds, hubs, tmp_path, what, spoilt, told):
    place = tmp_path / "spoilt"
    save(ConvNextForImageClassification(PICTURES), place)
    spoilt(place)
    with pytest.raises(EncoderError, match=f"^{place}: {told}"):
        with_weights(sounds, list(TUNED.values()), hubs | {what: str(place)})
    with pytest.raises(
        EncoderError, match=r"no/such: no such folder, and no such model.*HF_HUB_OFFLINE=0"
    ):
        loopq_models.inspect_weights([what], {what: "no/such"})


def test_a_whisper_is_no_encoder_to_tune(sounds, tmp_path):
    from tests.encoders import tiny_checkpoints

    tiny_checkpoints.save(tmp_path / "whisper", "whisper")
    with pytest.raises(
        EncoderError,
        match="whisper: WhisperEncoder: no feature_extractor; expected an encoder of a raw waveform",
    ):
        with_weights(
            sounds, [TUNED["HUBERTFT fixed, tuned"]], {"HUBERTFT": str(tmp_path / "whisper")}
        )
