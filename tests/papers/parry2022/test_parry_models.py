"""A model of paper 02, trained on a small corpus with sound, saved, and asked: alone, in another process, on other recordings."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from sercore import audio, predict
from sercore.audio import RATE
from sercore.corpora.cells import TableError
from sercore.papers.parry2022 import card as parry_card
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022 import trial as parry_trial
from sercore.parameters import ParameterError, checked
from sercore.training import checkpoints
from tests.papers.biagini2022.loopq_clips import voice
from tests.papers.parry2022 import parry_clips
from tests.predict import asking

GIVEN = {"edition": "demo", "epochs": 12}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Folder of the clips, which chapter 2 reads as its demo, and of what it keeps."""
    folder = tmp_path_factory.mktemp("parry")
    with pytest.MonkeyPatch.context() as patch:
        torch.set_num_threads(1)
        parry_clips.use(patch, folder)
        yield folder


@pytest.fixture(scope="module")
def trained(home):
    """Folder of a model by its name."""

    def folder(name, **more):
        place = home / "_".join([name, *map(str, more.values())]).replace(" ", "_")
        if not place.exists():
            predict.train(name, GIVEN | more, out=place)
        return place

    return folder


@pytest.fixture(scope="module")
def model(trained):
    return predict.load(trained("baseline"))


def of(name, **more):
    """Data and trial of the chapter's own run."""
    parameters = checked(parry.Parameters, GIVEN | more | {"only": name})
    data = parry.load(parameters)
    return data, parry.grid(parameters)[0]


@pytest.mark.parametrize(
    ("name", "more", "tolerance"),
    [
        ("baseline", {}, 1e-5),
        ("GR C+S", {}, 1e-5),
        ("AD G", {}, 1e-5),
        ("MTL C", {"precision": "bf16"}, 0.02),
    ],
)
def test_a_whole_clip_is_read_as_training_read_it(trained, name, more, tolerance):
    """Bit for bit the study's frames; the study's probabilities, of a batch, within rounding."""
    asked = predict.load(trained(name, **more))
    data, trial = of(name, **more)
    network, sides = (
        parry_trial.trained(trial, data).network,
        parry_trial.prepare(trial, data).sides,
    )
    rows = np.concatenate([sides.test, sides.unseen["radio"]])
    logits = parry_trial.evaluate(network, data, rows, precision=trial.precision)
    expected = logits.softmax(1).numpy()
    found = predict.predicted(asked, list(data.table["path"].iloc[rows]))
    for row, one, other in zip(rows, found, expected, strict=True):
        frames, lengths = predict.inputs(asked, audio.read(data.table["path"][row]))
        assert torch.equal(frames[0], torch.from_numpy(data.frames.clip(row).copy()))
        assert lengths.tolist() == [len(data.frames.clip(row))]
        assert list(one["probabilities"].values()) == pytest.approx(other.tolist(), abs=tolerance)
    assert expected.std(0).max() > 0.005, "a model that answers every clip alike proves nothing"


def test_the_heads_of_attributes_are_not_saved(trained):
    tensors, about = checkpoints.read(trained("GR C+S") / checkpoints.WEIGHTS)
    data, trial = of("GR C+S")
    weights = parry_trial.trained(trial, data).network.state_dict()
    assert {name.split(".")[0] for name in weights} == {"shared", "emotion", "heads"}
    assert set(tensors) == {name for name in weights if not name.startswith("heads.")}
    assert all(torch.equal(tensor, weights[name]) for name, tensor in tensors.items())
    assert about["weights"] == parry_card.KEPT


def test_the_trial_is_found_where_it_was_run_before(trained, tmp_path, monkeypatch):
    first = json.loads((trained("baseline") / checkpoints.ABOUT).read_text())
    monkeypatch.setattr(parry_trial, "fit", lambda *given, **settings: pytest.fail("trained again"))
    assert predict.train("baseline", GIVEN | {"seed": "0"}, out=tmp_path / "again") == first


def test_a_new_process_answers_with_the_same_bits(trained, home):
    clips = [str(home / "clips" / name) for name in ("radio_f1_angry.wav", "lab_m2_calm.wav")]
    asking.in_a_new_process(trained("GR C+S"), clips)


def test_the_command_trains_and_answers(trained, home, tmp_path):
    """The same folder as from Python, in a table and a picture."""
    given = ["baseline", "--edition", "demo", "-p", "epochs=12"]
    asking.by_command(
        given, trained("baseline"), clip=home / "clips" / "radio_f1_angry.wav", out=tmp_path
    )


def test_what_is_said_of_a_model(trained, home):
    about = json.loads((trained("GR C+S") / checkpoints.ABOUT).read_text())
    data, trial = of("GR C+S")
    fitted = parry_trial.trained(trial, data)
    outcome = parry_trial.run(trial, data)
    recipe = about["recipe"]
    assert (about["model"], recipe["approach"], recipe["attributes"]) == (
        "GR C+S",
        "GR",
        ["corpus", "speaker"],
    )
    assert (recipe["initialisation"], recipe["rate"], recipe["batch"], recipe["alpha"]) == (
        "he",
        0.02,
        8,
        0.5,
    )
    assert (recipe["epochs"], recipe["epoch_kept"]) == (12, outcome["best_epoch"])
    assert (
        recipe["alpha_kept"]
        == outcome["alpha_selected"]
        == fitted.history.epochs[recipe["epoch_kept"] - 1]["alpha"]
    )
    told = about["input"]
    assert (told["rate"], told["seconds"], told["least_frames"], told["encoder"]) == (
        16_000,
        15,
        15,
        None,
    )
    assert (told["filterbank"]["mel"]["bands"], told["filterbank"]["mel"]["hop"]) == (40, 160)
    assert about["classes"] == ["positive", "neutral", "negative"]
    heard = about["training"]
    assert heard["corpora"] == {"lab": 10, "street": 10}
    assert (heard["clips"], heard["speakers"], heard["languages"]) == (20, 4, ["en-GB", "it-IT"])
    assert heard["emotions"] == {
        "positive": ["happiness", "surprise"],
        "neutral": ["calm", "neutral"],
        "negative": ["anger"],
    }
    assert (about["speaker_independent"]["clips"], about["speaker_independent"]["speakers"]) == (
        10,
        2,
    )
    assert (
        about["unseen"]["radio"]["clips"],
        about["unseen"]["radio"]["without_surprise"]["clips"],
    ) == (20, 16)
    scores = parry_card.scores(outcome["counts"], data.classes, unseen=["radio"])
    assert scores == {name: about[name] for name in scores}
    assert about["limits"][:3] == [
        "Trained on synthetic speech, 20 clips by 4 speakers, in en-GB, it-IT.",
        "It shows that everything runs, and tells nothing about people.",
        "Names one of 3 classes always, also where there is another emotion, or none. It learnt them from: positive (happiness, "
        "surprise); neutral (calm, neutral); negative (anger).",
    ]
    assert about["limits"][-1] == "The network is the demo's, narrower than the paper's."
    said = predict.sentences(about)
    assert said[0] == "GR C+S: trained on lab (10 clips), street (10 clips)."
    ua = about["unseen"]["radio"]["ua"]
    assert said[2].startswith(f"On radio, which training never met: UA {ua:.3f}, accuracy ")
    assert said[2].endswith("(20 clips by 4 speakers of radio; UA by chance 0.333).")
    assert said[3:] == about["limits"]
    assert str(home) not in json.dumps(about)


@pytest.mark.parametrize(
    ("name", "given", "final", "message"),
    [
        (
            "GR C+",
            {},
            False,
            'GR C.: no such model; .* nearest are ".*" of chapter 1, "GR C.S" of chapter 2,'
            ' "[^"]+" of chapter 3 and "[^"]+" of chapter 4. Name',
        ),
        (
            "FCMFC",
            {},
            False,
            'nearest are ".*" of chapter 1, "[^"]+" of chapter 2, "FCMFCC" of chapter 3 and',
        ),
        (
            "GR C",
            {},
            True,
            "--final: a training on every clip is chapter 3's, and paper 02 has none; expected GR C without it",
        ),
        (
            "GR C",
            {"seeds": "3"},
            False,
            "-p seeds=3: no choice here; expected one of edition, epochs, seed",
        ),
        ("GR C", {"epochs": "ten"}, False, '-p epochs=ten: "ten" is not a whole number'),
        ("GR C", {"encoder": "random"}, False, "-p encoder=random: this chapter has no `encoder`"),
        ("GR C", {"unseen": "tess"}, False, "no corpus of edition=demo; expected one of"),
        (
            "baseline, calm positive",
            {"table": "a.csv"},
            False,
            "the class map says what surprise and calm are",
        ),
    ],
)
def test_what_cannot_be_trained_is_told(name, given, final, message, tmp_path):
    with pytest.raises(ParameterError, match=message):
        predict.train(name, {"edition": "demo"} | given, out=tmp_path / "out", final=final)
    assert not (tmp_path / "out").exists()


def test_attributes_that_the_clips_do_not_have_are_told(home, tmp_path):
    with pytest.raises(
        ParameterError, match=r'GR L: on these clips L and C are the same labels.* Name "GR C"\.'
    ):
        predict.train("GR L", GIVEN, out=tmp_path / "out")


@pytest.fixture(scope="module")
def own(home):
    """A table of clips with words of its own, and their classes."""
    lines, words = (
        ["path,corpus,speaker,gender,emotion"],
        {"happy": "Joy", "neutral": "flat", "angry": "rage", "calm": "hum"},
    )
    for path in sorted((home / "clips").glob("*.wav")):
        corpus, speaker, emotion = path.stem.split("_")
        if emotion in words:
            lines.append(f"clips/{path.name},{corpus},{speaker},,{words[emotion]}")
    (home / "own.csv").write_text("\n".join(lines) + "\n")
    (home / "map.csv").write_text("emotion,class\njoy,gay\nflat,dull\nrage,cross\nhum,\n")
    return {"table": str(home / "own.csv"), "classes": str(home / "map.csv"), "unseen": "radio"}


def test_a_table_of_one_s_own(own, home, tmp_path, capsys, monkeypatch):
    grid = parry.grid
    monkeypatch.setattr(parry, "grid", lambda given: [_small(each) for each in grid(given)])
    about = predict.train("MTL C", own | {"epochs": 1}, out=tmp_path / "model")
    assert "12 of 48 clips left out" in capsys.readouterr().err
    assert about["classes"] == ["cross", "dull", "gay"]
    assert about["training"]["emotions"] == {"cross": ["rage"], "dull": ["flat"], "gay": ["joy"]}
    assert (about["training"]["edition"], list(about["unseen"])) == ("own", ["radio"])
    assert (
        about["limits"][0]
        == "Trained on a table of one's own, 12 clips by 4 speakers, the language not told."
    )
    assert str(home) not in json.dumps(about)
    (found,) = predict.predicted(
        predict.load(tmp_path / "model"), [home / "clips" / "lab_f1_happy.wav"]
    )
    assert list(found["probabilities"]) == about["classes"]
    with pytest.raises(
        ParameterError,
        match=r"GR G: cannot be trained on these clips; gender: of 12 training clips none has a",
    ):
        predict.train("GR G", own, out=tmp_path / "none")


def _small(trial):
    return replace(trial, size="small", precision="fp32")


def test_a_table_that_cannot_be_split(own, home, tmp_path):
    lines = (home / "own.csv").read_text().splitlines()
    few = home / "few.csv"
    few.write_text("\n".join([lines[0], *(line for line in lines[1:] if ",f1," in line)]) + "\n")
    with pytest.raises(
        TableError, match=r"few.csv: lab: 1 speakers \(f1\); a split needs at least 3"
    ):
        predict.train("baseline", own | {"table": str(few)}, out=tmp_path / "out")


def test_windows_of_a_long_recording(model, clip):
    """15 s at most, half of that from one to the next; each is normalised by itself, so a quiet half answers as a loud one."""
    one = voice(15.0, pitch=150, bend=4) + 0.002 * np.random.default_rng(0).standard_normal(
        15 * RATE
    )
    (found,) = predict.predicted(model, [clip(np.concatenate([one, 0.25 * one, one[:RATE]]))])
    assert [(part["start"], part["end"]) for part in found["windows"]] == [
        (0, 15),
        (7.5, 22.5),
        (15, 30),
        (16, 31),
    ]
    loud, _, quiet, _ = (list(part["probabilities"].values()) for part in found["windows"])
    assert quiet == pytest.approx(loud, abs=1e-3)
    with pytest.raises(
        predict.PredictError,
        match=r"--window 15.1: expected 0.5 to 15 s, the most that baseline reads at a time",
    ):
        predict.predicted(model, [], window=15.1)


def test_silence_short_clips_and_stereo(model, clip):
    asking.silence_short_clips_and_stereo(model, voice(1.2, pitch=150, bend=40), clip)


@pytest.mark.parametrize("rate", [8_000, 24_414, 44_100, 48_000, 96_000])
def test_any_rate_gives_nearly_the_same(model, clip, rate):
    """Sound under 3.5 kHz, which every rate holds, and nothing above it."""
    sound = {"pitch": 140, "bend": 6}
    own, other = predict.predicted(
        model, [clip(voice(1.5, **sound)), clip(voice(1.5, rate=rate, **sound), "other.wav", rate)]
    )
    assert other["seconds"] == pytest.approx(1.5, abs=1e-3)
    assert list(other["probabilities"].values()) == pytest.approx(
        list(own["probabilities"].values()), abs=5e-3
    )


def test_damaged_or_of_another_paper(trained, tmp_path):
    sound = predict.load(trained("baseline"))
    network, about = sound.network, sound.about
    checkpoints.save(network, tmp_path, about)
    assert predict.load(tmp_path).about == about
    for change, message in (
        (
            {"paper": "Someone 2031"},
            "a model of Someone 2031; expected one of Alves et al. 2022 .* or Padi et al. 2021",
        ),
        ({"size": "huge"}, "huge: no such network; expected published or small"),
        ({"size": "published"}, "not the built network's weights"),
    ):
        checkpoints.save(network, tmp_path, about | {"recipe": about["recipe"] | change})
        with pytest.raises(predict.PredictError, match=message):
            predict.load(tmp_path)
    path = tmp_path / checkpoints.WEIGHTS
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(predict.PredictError, match=r"weights.safetensors: damaged"):
        predict.load(tmp_path)
    with pytest.raises(predict.PredictError, match=r"--encoder random: the model in .* reads none"):
        predict.load(trained("baseline"), encoder="random")
