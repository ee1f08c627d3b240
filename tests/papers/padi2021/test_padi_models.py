"""A model of paper 04, trained on a small corpus with sound, saved, and asked: alone, in another process, on other recordings."""

import json

import numpy as np
import pytest
import torch

from sercore import audio, predict, store
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.study import ROWS
from sercore.papers.parry2022 import card as parry_card
from sercore.parameters import ParameterError, checked
from sercore.training import checkpoints
from sercore.training.resumable import LAST
from tests.papers.biagini2022.loopq_clips import voice
from tests.papers.padi2021 import padi_clips
from tests.predict import asking

GIVEN = {"edition": "demo", "epochs": 3}
TRANSFERRED = GIVEN | {"pretraining": 1}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Folder of the clips, which chapter 4 reads as its demo, and of what it keeps."""
    folder = tmp_path_factory.mktemp("padi")
    with pytest.MonkeyPatch.context() as patch:
        torch.set_num_threads(1)
        padi_clips.use(patch, folder)
        yield folder


def given(name, **more):
    return (GIVEN if ROWS[name].transfer == "none" else TRANSFERRED) | more


@pytest.fixture(scope="module")
def trained(home):
    """Folder of a model by its name."""

    def folder(name, **more):
        place = home / "_".join([name, *map(str, more.values())]).replace(" ", "_")
        if not place.exists():
            predict.train(name, given(name, **more), out=place)
        return place

    return folder


@pytest.fixture(scope="module")
def model(trained):
    return predict.load(trained("111"))


def of(name, **more):
    """Data and trial of the chapter's own run."""
    parameters = checked(
        padi.Parameters,
        given(name, **more) | {"only": name, "models": "all", "folds": 1, "experiment": "exp1"},
    )
    data = padi.load(parameters)
    return data, padi.grid(parameters, data)[0]


@pytest.mark.parametrize(
    ("name", "more", "tolerance", "frames"),
    [
        ("111", {}, 1e-5, None),
        ("000", {}, 1e-5, 40),
        ("011", {"evaluate": "300", "seed": 2}, 1e-5, 300),
        ("111, energy", {}, 1e-5, None),
        ("101, finetune", {"precision": "bf16"}, 0.01, None),
    ],
)
def test_a_whole_clip_is_read_as_the_study_reads_it(trained, name, more, tolerance, frames):
    """Bit for bit the study's frames, whole or their middle; the study's probabilities, of a batch, within rounding."""
    asked = predict.load(trained(name, **more))
    data, trial = of(name, **more)
    fitted = padi_trial.trained(trial, data)
    rows = np.concatenate([fitted.test, fitted.training[:6]])
    expected = padi_trial.probabilities(trial, data, fitted.network, rows)
    found = predict.predicted(asked, list(data.table["path"].iloc[rows]))
    clips = data.frames(norm="segment", vad=trial.vad)
    for row, one, other in zip(rows, found, expected, strict=True):
        read, *lengths = predict.inputs(asked, audio.read(data.table["path"][row]))
        clip = clips.clip(row)
        if frames:
            start = (len(clip) + 1 - frames) // 2
            clip = (
                np.resize(clip, (frames, 128))
                if len(clip) < frames
                else clip[start : start + frames]
            )
        assert torch.equal(read[0], torch.from_numpy(clip))
        assert [each.tolist() for each in lengths] == ([] if frames else [[len(clip)]])
        assert len(one["windows"]) == 1
        assert list(one["probabilities"].values()) == pytest.approx(other.tolist(), abs=tolerance)
    assert expected.std(0).max() > 0.02, "a model that answers every clip alike proves nothing"
    heard, shorter = data.raw.sizes[rows], clips.sizes[rows]
    assert (shorter < heard).any() == (trial.vad == "energy")


def test_the_trial_is_found_where_it_was_run_before(trained, tmp_path, monkeypatch):
    first = json.loads((trained("111") / checkpoints.ABOUT).read_text())
    for room in (padi_trial, padi_trial):
        monkeypatch.setattr(room, "fit", lambda *given, **settings: pytest.fail("trained again"))
    assert predict.train("111", TRANSFERRED | {"seed": "0"}, out=tmp_path / "again") == first


def test_a_new_process_answers_with_the_same_bits(trained, home):
    clips = [str(home / "clips" / "demo-studio" / name) for name in ("f1_angry.wav", "m2_calm.wav")]
    asking.in_a_new_process(trained("111"), clips)


def test_the_command_trains_and_answers(trained, home, tmp_path):
    """The same folder as from Python, in a table and a picture."""
    given = ["000", "--edition", "demo", "-p", "epochs=3"]
    asking.by_command(
        given, trained("000"), clip=home / "clips" / "demo-studio" / "f1_angry.wav", out=tmp_path
    )


def test_what_is_said_of_a_model(trained, home):
    about = json.loads((trained("111") / checkpoints.ABOUT).read_text())
    data, trial = of("111")
    outcome = padi_trial.run(trial, data)
    recipe, read, heard, tested = (
        about["recipe"],
        about["input"],
        about["training"],
        about["speaker_independent"],
    )
    assert (about["model"], recipe["transfer"], recipe["augmentation"], recipe["pooling"]) == (
        "111",
        "frozen",
        "both",
        "statistics",
    )
    assert (
        recipe["experiment"],
        recipe["seed"],
        recipe["epochs"],
        recipe["epoch_kept"],
        recipe["batch"],
    ) == ("exp1", 0, 3, 3, 8)
    assert recipe["pieces"] == [24, 32, 40]
    error = padi_trial.run_recogniser(trial.recogniser, data.source)["equal_error_rate"]
    assert recipe["recogniser"] == {
        "corpora": ["demo-labor", "demo-scena"],
        "speakers": 8,
        "clips": 40,
        "epochs": 1,
        "augmentation": "both",
        "pooling": "statistics",
        "equal_error_rate": error,
    }
    assert (read["rate"], read["seconds"], read["encoder"], read["norm"], read["vad"]) == (
        16_000,
        1.02,
        None,
        "segment",
        None,
    )
    assert (read["mel"]["bands"], read["mel"]["hop"], read["floor"], read["middle"]) == (
        128,
        160,
        1e-6,
        0,
    )
    assert about["classes"] == ["angry", "happy", "neutral", "sad"]
    assert (heard["corpora"], heard["clips"], heard["speakers"], heard["languages"]) == (
        {"demo-studio": 12},
        12,
        3,
        ["en-GB"],
    )
    assert heard["names"] == ["demo-studio/f2", "demo-studio/m1", "demo-studio/m2"]
    assert (tested["protocol"], tested["fold"], tested["names"]) == (
        "speakers-apart",
        0,
        ["demo-studio/f1"],
    )
    score = parry_card.scores(outcome["counts"], about["classes"], unseen=())["speaker_independent"]
    assert score == {name: tested[name] for name in score}
    assert (score["clips"], score["speakers"], score["corpora"]) == (4, 1, ["demo-studio"])
    said = predict.sentences(about)
    assert said[0] == (
        "111 (transfer frozen, augmentation both, pooling statistics), exp1: trained on demo-studio (12 clips)."
    )
    assert said[1].startswith(
        f"On speakers not heard in training: UA {tested['ua']:.3f}, accuracy {tested['accuracy']:.3f} (4 clips"
    )
    assert said[2:] == about["limits"]
    assert about["limits"][0] == "Trained on synthetic speech, 12 clips by 3 speakers, in en-GB."
    assert (
        "Its convolutions were first taught to tell 8 speakers of demo-labor, demo-scena apart, then left as they were; no clip of "
        "these corpora is tested." in about["limits"]
    )
    assert (
        "Learnt from pieces of 0.24 to 0.4 s, scored on whole clips: reads at most 1.02 s at a time, its longest clip."
        in about["limits"]
    )
    assert about["limits"][-1] == "Network and pieces are the demo's, smaller than the paper's."
    assert str(home) not in json.dumps(about)


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [
        (
            "000",
            {},
            "Reads 0.4 s: of a longer window the middle alone, of a shorter one repetitions.",
        ),
        ("011", {"evaluate": "300"}, "Reads 3 s: of a longer window the middle alone"),
        ("111, energy", {}, "Leaves out what is more than 30 dB under a window's loudest 10 ms."),
        (
            "101, finetune",
            {"precision": "bf16"},
            "demo-labor, demo-scena apart, then trained on; no clip of these corpora is tested.",
        ),
    ],
)
def test_what_a_system_leaves_out_stands_in_its_limits(trained, name, more, sentence):
    about = predict.load(trained(name, **more)).about
    assert sum(sentence in each for each in about["limits"]) == 1
    assert (about["recipe"]["recogniser"] is None) == (name[0] == "0")


def test_a_recogniser_that_was_trained_elsewhere(trained, home, tmp_path):
    """Its file is named by name and content, never by path; one that does not fit is refused before the training."""
    data, trial = of("111")
    file = padi_trial.train_recogniser(trial.recogniser, data.source).folder / LAST
    about = predict.train("111", GIVEN | {"speaker_checkpoint": str(file)}, out=tmp_path / "model")
    assert about["recipe"]["recogniser"] == {"file": LAST, "content": store.content(file)}
    assert (
        f"come from {LAST}, then left as they were: whom that recogniser heard is not known here"
        in " ".join(about["limits"])
    )
    checkpoints.write(
        tmp_path / "other.safetensors", {"backbone.stem.0.weight": torch.zeros(3)}, {}
    )
    (tmp_path / "words.safetensors").write_text("words")
    for name, message in (
        ("other", "tensors that do not fit: .* of another shape"),
        ("words", "no safetensors file"),
    ):
        file = tmp_path / f"{name}.safetensors"
        with pytest.raises(ParameterError, match=f"-p speaker_checkpoint: {file}: {message}"):
            predict.train("111", GIVEN | {"speaker_checkpoint": str(file)}, out=tmp_path / "out")


def test_windows_of_a_long_recording(model, clip):
    """As long as the longest clip; each is normalised by itself, so a quiet part answers as a loud one."""
    one = voice(1.02, pitch=150, bend=40) + 0.01 * np.random.default_rng(0).standard_normal(16_320)
    (found,) = predict.predicted(model, [clip(np.concatenate([one, 0.5 * one, one[:1600]]))])
    assert [(part["start"], part["end"]) for part in found["windows"]] == [
        (0, 1.02),
        (0.51, 1.53),
        (1.02, 2.04),
        (1.12, 2.14),
    ]
    loud, _, quiet, _ = (list(part["probabilities"].values()) for part in found["windows"])
    assert quiet == pytest.approx(loud, abs=1e-3)
    with pytest.raises(
        predict.PredictError,
        match=r"--window 1.03: expected 0.5 to 1.02 s, the most that 111 reads at a time",
    ):
        predict.predicted(model, [], window=1.03)


@pytest.mark.parametrize("name", ["111", "000", "111, energy"])
def test_silence_short_clips_and_stereo(trained, name, clip):
    asking.silence_short_clips_and_stereo(
        predict.load(trained(name)), voice(1.0, pitch=150, bend=40), clip
    )


def test_damaged_or_of_another_paper(model, trained, tmp_path):
    network, about = model.network, model.about
    checkpoints.save(network, tmp_path, about)
    assert predict.load(tmp_path).about == about
    recipe, read = about["recipe"], about["input"]
    sizes = recipe["network"]
    for change, message in (
        (
            {"recipe": recipe | {"paper": "Someone 2031"}},
            "a model of Someone 2031; expected one of .* or Padi et al. 2021",
        ),
        (
            {"recipe": recipe | {"network": sizes | {"pooling": "most"}}},
            "pooling=most: unknown; expected statistics, mean, flatten",
        ),
        ({"recipe": recipe | {"network": sizes | {"width": 9}}}, "not the built network's weights"),
        (
            {"recipe": recipe | {"network": sizes | {"depth": 9}}},
            "no model of sercore train, .*depth",
        ),
        (
            {"recipe": recipe | {"network": sizes | {"bands": 64}}},
            "a network of 64 bands .* for an input of 128",
        ),
        (
            {"recipe": recipe | {"network": sizes | {"pooling": "flatten"}}},
            "and 40 frames for an input of 128 and any number",
        ),
        (
            {"input": read | {"norm": "conversation"}},
            "norm conversation: one clip cannot be normalised so; expected segment",
        ),
        (
            {"input": {name: value for name, value in read.items() if name != "floor"}},
            "no model of sercore train, .*floor",
        ),
    ):
        checkpoints.save(network, tmp_path, about | change)
        with pytest.raises(predict.PredictError, match=message):
            predict.load(tmp_path)
    path = tmp_path / checkpoints.WEIGHTS
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(predict.PredictError, match=r"weights.safetensors: damaged"):
        predict.load(tmp_path)
    with pytest.raises(predict.PredictError, match=r"--encoder random: the model in .* reads none"):
        predict.load(trained("111"), encoder="random")


def test_the_saved_input_settings_are_read_and_not_the_package_s(model, tmp_path, home):
    """Another floor, another hop: other frames, by what model.json says."""
    samples = audio.read(home / "clips" / "demo-studio" / "f1_angry.wav")
    (own, lengths), read = predict.inputs(model, samples), model.about["input"]
    for change in (
        {"floor": 1.0},
        {"vad": 5.0},
        {"least": 9.0},
        {"middle": 7},
        {"mel": read["mel"] | {"hop": 320}},
    ):
        checkpoints.save(model.network, tmp_path, model.about | {"input": read | change})
        other = predict.inputs(predict.load(tmp_path), samples)[0]
        assert other.shape != own.shape or not torch.equal(other, own), change
    assert own.shape[1] == int(lengths)
