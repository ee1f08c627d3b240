"""What ``sercore train`` refuses of paper 04, before hours of training: names, parameters, clips that cannot teach a system."""

import pytest

from sercore import predict
from sercore.papers.padi2021 import study as padi
from sercore.parameters import ParameterError
from tests.papers.padi2021 import padi_clips

GIVEN = {"edition": "demo", "epochs": 1, "pretraining": 1}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Folder of the clips, which chapter 4 reads as its demo."""
    folder = tmp_path_factory.mktemp("padi")
    with pytest.MonkeyPatch.context() as patch:
        padi_clips.use(patch, folder)
        yield folder


@pytest.mark.parametrize(
    ("name", "given", "final", "message"),
    [
        (
            "112",
            {},
            False,
            '112: no such model; .* nearest are ".+" of chapter 2, ".+" of chapter 3 and "11." of chapter 4. Name',
        ),
        (
            "111",
            {},
            True,
            "--final: a training on every clip is chapter 3's, and paper 04 has none; expected 111 without it",
        ),
        (
            "111, conversation",
            {},
            False,
            "111, conversation: over a whole conversation .* hears single clips; expected a system",
        ),
        (
            "111",
            {"norm": "conversation"},
            False,
            "111: over a whole conversation its spectrograms would be normalised",
        ),
        (
            "111",
            {"seeds": "3"},
            False,
            "-p seeds=3: no choice here; expected one of edition, experiment, epochs, seed",
        ),
        ("111", {"folds": "5"}, False, "-p folds=5: no choice here"),
        ("111", {"epochs": "ten"}, False, '-p epochs=ten: "ten" is not a whole number'),
        (
            "111",
            {"experiment": "all"},
            False,
            "-p experiment=all: a model has the classes of one; expected exp1, exp2 or exp3",
        ),
        ("111", {"tables": "a.csv"}, False, "-p tables=a.csv: this chapter has no `tables`"),
        (
            "001",
            {"taught": "demo-labor"},
            False,
            "-p taught=demo-labor: changes nothing beside -p only=001, which starts from no recogniser; expected",
        ),
    ],
)
def test_what_cannot_be_trained_is_told(name, given, final, message, tmp_path):
    with pytest.raises(ParameterError, match=message):
        predict.train(name, {"edition": "demo"} | given, out=tmp_path / "out", final=final)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        (
            "111",
            {"experiment": "exp2"},
            "-p experiment=exp2: cannot be trained on these clips; demo-studio has no clip .* excited",
        ),
        (
            "111",
            {"experiment": "exp3"},
            "-p experiment=exp3: .* the same clips and classes as exp1",
        ),
        (
            "111, improvised",
            {},
            "111, improvised: parts are IEMOCAP's; .* demo-studio has no parts",
        ),
    ],
)
def test_what_the_clips_cannot_teach_is_told(home, tmp_path, name, more, message):
    with pytest.raises(ParameterError, match=message):
        predict.train(name, GIVEN | more, out=tmp_path / "out")


def test_clips_that_make_no_fold_are_told(home, tmp_path, monkeypatch):
    def refused(*given, **settings):
        raise ValueError("demo-studio: 1 group of speakers (f1); folds need at least 2")

    monkeypatch.setattr(padi, "grid", refused)
    with pytest.raises(ParameterError, match=r"-p edition=demo: demo-studio: 1 group of speakers"):
        predict.train("111", GIVEN, out=tmp_path / "out")
