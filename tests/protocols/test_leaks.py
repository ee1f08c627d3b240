"""Each kind of leak is planted and found, and nothing else is; splits of real corpora by speaker have none."""

import json
import unicodedata
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler
from scipy import signal
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from typer.testing import CliRunner

from sercore import audio, corpora
from sercore.cli import app
from sercore.corpora.cells import TableError
from sercore.corpora.demo import synthetic
from sercore.pages import leaks as hunting
from sercore.protocols import (
    LeakError,
    find_leaks,
    fitted_beyond,
    folded,
    forbid_shared,
    leaks,
    refuse_leaks,
)

SPEAKERS = {"training": ("studio-f1", "studio-m1"), "test": ("studio-f2", "studio-m2")}


@pytest.fixture(scope="module")
def table():
    """Half of a demo corpus, by speaker on two sides; nothing is shared but the five sentences."""
    clips = synthetic.load("demo-studio").table.iloc[::2].reset_index(drop=True)
    return clips.assign(
        path=clips["path"].map(str),
        side=np.where(clips["speaker"].isin(SPEAKERS["test"]), "test", "training"),
    )


def kinds(found, *, told=False):
    return sorted(leak.kind for leak in found if leak.is_refused != told)


def test_the_demo_s_speakers_apart_share_texts_alone(table):
    assert set(table["speaker"]) == {name for names in SPEAKERS.values() for name in names}
    found = find_leaks(table, table["side"])
    assert kinds(found) == []
    assert kinds(found, told=True) == ["text"] * table["text"].nunique()
    assert {leak.sides for leak in found} == {("test", "training")}
    assert find_leaks(table) == []
    assert refuse_leaks(table, table["side"]) == refuse_leaks(table) == []


@pytest.mark.parametrize(
    "spelled", ["Studio-F1", "STUDIO-F1", "studio-f1\u200b", "\ufeffstudio-f1", "ｓtudio-f1"]
)
def test_a_speaker_on_both_sides_is_found_however_spelled(table, spelled):
    moved = table["speaker"] == "studio-f1"
    half = moved & (np.arange(len(table)) % 4 < 2)
    changed = table.assign(
        speaker=table["speaker"].where(~half, spelled), side=table["side"].where(~half, "test")
    )
    found = [leak for leak in find_leaks(changed, changed["side"]) if leak.is_refused]
    if spelled.startswith("ｓ"):  # another letter, not another form of it
        assert found == []
        return
    (leak,) = found
    assert (leak.kind, leak.count, leak.correlation) == ("speaker", moved.sum(), None)
    assert {changed.loc[changed["path"] == clip, "side"].item() for clip in leak.clips} == set(
        leak.sides
    )
    with pytest.raises(LeakError, match=r"speaker .* is in training and in test"):
        forbid_shared(["studio-f1"], [spelled], what="speaker")
    (leak,) = find_leaks(changed.assign(speaker=changed["speaker"]))
    assert (leak.kind, leak.is_refused) == ("spelling", True)
    with pytest.raises(LeakError, match=r"two spellings; expected one\. Write it in one way"):
        refuse_leaks(changed)


@given(st.text(min_size=1))
def test_folding_is_stable_and_blind_to_form(name):
    once = folded(name)
    assert folded(once) == once
    assert folded(name.upper().lower()) == folded(name.upper().lower().swapcase().lower())
    for form in ("NFC", "NFD"):
        assert folded(unicodedata.normalize(form, name)) == once
    assert folded(f"\u200d{name}\u2060") == once


def test_one_name_in_two_corpora_is_two_speakers(table):
    other = table.assign(speaker="01", corpus=np.where(table["side"] == "test", "one", "other"))
    assert kinds(find_leaks(other, other["side"])) == []
    assert "speaker" in kinds(find_leaks(other.assign(corpus="one"), other["side"]))


@pytest.mark.parametrize("column", ["recording", "original", "parent", "origin"])
def test_a_recording_or_an_augmented_clip_apart_from_its_own(table, column):
    training, test = (table.index[table["side"] == side] for side in ("training", "test"))
    names = pd.Series(
        [f"tape {number}" if column == "recording" else None for number in range(len(table))],
        dtype=object,
    )
    path = table["path"][training[0]]
    names[test[0]] = (
        names[training[0]] if column == "recording" else path.rsplit("/")[-1].removesuffix(".wav")
    )
    names[training[1]] = names[test[0]]  # of its own side too
    (leak,) = [
        leak
        for leak in find_leaks(table.assign(**{column: names}), table["side"])
        if leak.is_refused
    ]
    assert leak.kind == ("recording" if column == "recording" else "original")
    assert leak.clips == (table["path"][test[0]], path)
    assert leak.count == 3


def test_a_name_that_several_clips_have_is_no_family(table):
    folders = np.where(np.arange(len(table)) % 2, "a", "b")
    paths = [
        f"/clips/{side}/{folder}/{number // 2}.wav"
        for number, (side, folder) in enumerate(zip(table["side"], folders, strict=True))
    ]
    clips = pd.DataFrame(
        {"path": paths, "original": [f"{number // 2}" for number in range(len(table))]}
    )
    families = leaks._families(clips)
    assert families.isna().all()
    assert leaks._families(clips.assign(original=paths[0])).tolist() == [paths[0]] * len(paths)


def test_two_copies_of_a_clip_that_is_not_there_are_one_family(table):
    training, test = (table.index[table["side"] == side] for side in ("training", "test"))
    names = pd.Series([None] * len(table), dtype=object)
    names[training[0]] = names[test[0]] = "lost.wav"
    assert kinds(find_leaks(table.assign(original=names), table["side"])) == ["original"]


@pytest.mark.parametrize(("gain", "kind"), [(1.0, "same audio"), (0.5, "near copy")])
@pytest.mark.parametrize(
    "changed", [{}, {"speaker": "studio-m2"}, {"emotion": "bored"}, {"corpus": "street"}]
)
def test_a_copy_is_told_or_refused_with_its_files(table, tmp_path, gain, kind, changed):
    row = table[table["side"] == "training"].iloc[3].to_dict()
    samples, rate = soundfile.read(row["path"], dtype="float64")
    path = str(tmp_path / "again.flac")
    soundfile.write(path, gain * samples, rate)
    copied = pd.concat([table, pd.DataFrame([row | changed | {"path": path, "side": "test"}])])
    is_other = bool(changed)
    (leak,) = find_leaks(copied)
    assert (leak.kind, leak.clips) == (kind, (row["path"], path))
    assert leak.is_refused == (is_other and kind == "same audio")
    assert all(f"{name} ({row[name]}, {value})" in leak.what for name, value in changed.items())
    assert bool(leak.what) == is_other
    if not leak.is_refused:
        (told,) = refuse_leaks(copied, where="my.csv")
        assert told.startswith(f"my.csv: {row['path']} and {path} hold")
    across = [leak for leak in find_leaks(copied, copied["side"]) if leak.kind == kind]
    assert [leak.is_refused for leak in across] == [True]
    with pytest.raises(LeakError, match=r"again\.flac|speaker studio-"):
        refuse_leaks(copied, copied["side"])
    # A clip of no side is not compared.
    assert not [leak for leak in find_leaks(copied, [*table["side"], None]) if leak.kind == kind]


# The command.


def written(table, folder, **columns):
    path = folder / "clips.csv"
    table.assign(**columns).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("given_as", ["column", "file"])
def test_the_command_tells_and_exits_with_1(table, tmp_path, given_as):
    samples, rate = soundfile.read(table["path"][0])
    soundfile.write(tmp_path / "copy.wav", 0.4 * samples, rate)
    other = "test" if table["side"][0] == "training" else "training"
    copied = pd.concat(
        [
            table,
            pd.DataFrame([{**table.iloc[0], "path": "copy.wav", "side": other, "speaker": "x"}]),
        ]
    )
    columns = ["path", "speaker", "emotion", "corpus"]
    arguments = [
        str(written(copied[[*columns, "side"] if given_as == "column" else columns], tmp_path))
    ]
    if given_as == "file":
        copied[["path", "side"]].to_csv(tmp_path / "split.csv", index=False)
        arguments += ["--split", str(tmp_path / "split.csv")]
    result = CliRunner().invoke(app, ["leaks", *arguments, "--json"])
    assert result.exit_code == 1
    (leak,) = json.loads(result.stdout)
    assert (leak["kind"], leak["sides"]) == ("near copy", [table["side"][0], other])
    assert leak["clips"] == [table["path"][0], str(tmp_path / "copy.wav")]
    assert (
        "71 clips, compared between the sides of the split: 1 leaks, 0 only told" in result.stderr
    )
    assert set(leak) == set(asdict(leaks.Leak(kind="", what="", clips=("", ""))))
    shown = CliRunner().invoke(app, ["leaks", *arguments])
    assert shown.exit_code == 1
    assert "near copy" in shown.stdout


def test_the_command_finds_nothing_where_nothing_is(table, tmp_path):
    result = CliRunner().invoke(app, ["leaks", str(written(table[["path"]], tmp_path)), "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
    assert "70 clips, compared in the whole table: 0 leaks" in result.stderr


def test_paths_start_at_the_folder_of_the_table(tmp_path, monkeypatch):
    (tmp_path / "tables").mkdir()
    (tmp_path / "clips").mkdir()
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / "clips" / name, np.zeros(10), 16_000)
    (tmp_path / "tables" / "my.csv").write_text(
        "path,parent,split\n../clips/a.wav,,one\n../clips/b.wav,../clips/a.wav,two\nlost.wav,lost,\n"
    )
    monkeypatch.chdir(tmp_path / "clips")
    clips = leaks.read(tmp_path / "tables" / "my.csv")
    a, b = (str(tmp_path / "clips" / name) for name in ("a.wav", "b.wav"))
    assert clips["path"].tolist() == [a, b, str(tmp_path / "tables" / "lost.wav")]
    assert clips["original"].fillna("").tolist() == ["", a, "lost"]
    (tmp_path / "split.csv").write_text("path;side\nclips/b.wav;x\nclips/a.wav;y\n")
    assert leaks.read_sides(tmp_path / "split.csv", clips) == ["y", "x", None]
    (tmp_path / "my.csv").write_text("path,speaker\n,1\n")
    with pytest.raises(TableError, match="line 2: the path is empty"):
        leaks.read(tmp_path / "my.csv")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["path,sides", "a.wav,test"],
            "split.csv: found path, sides; expected the columns path and side",
        ),
        (
            ["path,side", "a.wav,test"],
            "split.csv: found test; expected the columns path and side, and two sides",
        ),
        (
            ["path,side", "a.wav,test", "b.wav,training"],
            r"a.wav is no clip of the table \(2 are not\)",
        ),
        (["clip,side", "a.wav,test"], "no column `path`"),
    ],
)
def test_a_split_that_cannot_be_used_is_refused(table, tmp_path, lines, message):
    (tmp_path / "split.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(TableError, match=message):
        leaks.read_sides(tmp_path / "split.csv", table)


# Fitted pipelines.


def rows(seed=0, many=60):
    rng = np.random.default_rng(seed)
    labels = np.array([0] * (many - many // 3) + [1] * (many // 3))
    return rng.normal(size=(many, 6)) + labels[:, None] * [2, 0, 0, 0, 0, 0] + 5 * seed, labels


STEPS = {
    "scaler": StandardScaler(),
    "range": MinMaxScaler(),
    "selection": SelectKBest(k=2),
    "components": PCA(2, random_state=0),
    "columns": ColumnTransformer([("one", StandardScaler(), [0, 1])], remainder="passthrough"),
    "SMOTE": SMOTE(random_state=0),
    "over": RandomOverSampler(),
    "under": RandomUnderSampler(),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_fitted_on_test_rows_is_named(name):
    (training, labels), (test, test_labels) = rows(), rows(1, 30)

    def pipeline():
        return Pipeline([(name, STEPS[name]), ("classifier", LogisticRegression())])

    inside = pipeline().fit(training, labels)
    assert fitted_beyond(inside, training, test, labels, test_labels) == []
    together = pipeline().fit(
        np.concatenate([training, test]), np.concatenate([labels, test_labels])
    )
    (told,) = fitted_beyond(together, training, test, labels, test_labels)
    assert told.startswith(f"{name}: fitted on training and test rows together, by its ")
    assert "expected the 60 training rows alone. Fit it inside the training fold." in told
    elsewhere = pipeline().fit(*rows(2, 45))
    (told,) = fitted_beyond(elsewhere, training, test, labels, test_labels)
    assert told.startswith(f"{name}: fitted on other rows than these")


def test_only_the_step_that_is_wrong_is_named_where_two_follow():
    (training, labels), (test, test_labels) = rows(), rows(1, 30)
    fitted = Pipeline(
        [
            ("scaler", StandardScaler()),
            ("balancer", SMOTE(random_state=0)),
            ("classifier", LogisticRegression()),
        ]
    )
    fitted.fit(training, labels)
    assert fitted_beyond(fitted, training, test, labels, test_labels) == []
    fitted.steps[0][1].fit(np.concatenate([training, test]))
    (told,) = fitted_beyond(fitted, training, test, labels, test_labels)
    assert told.startswith(
        "scaler: fitted on training and test rows together, by its mean_, n_samples_seen_, output, scale_, var_;"
    )
    assert fitted_beyond(StandardScaler().fit(training), training, test) == []


@pytest.mark.parametrize("seed", [0, None])
def test_a_scaler_behind_a_balancer_is_fitted_on_what_it_makes(seed):
    (training, labels), (test, test_labels) = rows(), rows(1, 30)
    steps = [("balancer", SMOTE(random_state=seed)), ("scaler", StandardScaler())]
    inside = Pipeline([*steps, ("classifier", LogisticRegression())]).fit(training, labels)
    assert fitted_beyond(inside, training, test, labels, test_labels) == []
    outside = Pipeline([*steps, ("classifier", LogisticRegression())])
    outside.fit(np.concatenate([training, test]), np.concatenate([labels, test_labels]))
    told = fitted_beyond(outside, training, test, labels, test_labels)
    assert [sentence.split(":")[0] for sentence in told] == ["balancer", "scaler"]
    assert "n_samples_seen_" in told[1]


# Real corpora.

TWICE = {
    "ravdess": [("03-01-03-01-02-01-07", "03-01-03-01-02-02-07", "same audio")],
    "emovo": [("tri-f3-n1", "tri-f3-n2", "near copy")],
    "savee": [],
    "tess": [],
}


def running_alike(first, second):
    """Largest correlation of the samples themselves, at shifts of whole samples of two whole clips."""
    one, other = (audio.read(path).astype(float) for path in (first, second))
    products = signal.correlate(one, other)
    return np.abs(products).max() / np.sqrt((one**2).sum() * (other**2).sum())


@pytest.mark.parametrize("name", TWICE)
def test_twenty_splits_by_speaker_of_a_real_corpus(speech, name):
    if not (speech / name).is_dir():
        pytest.skip(f"needs {name}: no folder {speech / name}")
    clips = corpora.load(name, root=speech).table
    if name == "tess":  # alike as they are, some are enough: seconds for minutes
        clips = clips.iloc[::4]
    found = find_leaks(clips)
    names = [[path.rsplit("/")[-1].split(".")[0] for path in leak.clips] for leak in found]
    kinds_of = [leak.kind for leak in found]
    assert [(*pair, kind) for pair, kind in zip(names, kinds_of, strict=True)] == TWICE[name]
    for leak in found:
        assert running_alike(*leak.clips) > 0.9
    speakers = sorted(set(clips["speaker"]))
    for seed in range(20):
        tested = np.random.default_rng(seed).permutation(speakers)[: max(1, len(speakers) // 5)]
        between = find_leaks(clips, np.where(clips["speaker"].isin(tested), "test", "training"))
        assert {leak.kind for leak in between} == {"text"}
        assert kinds(between) == []


@pytest.mark.long
@pytest.mark.parametrize("name", hunting.CORPORA)
def test_a_hunt_through_a_whole_corpus_finds_what_is_recorded(speech, name, monkeypatch):
    if not (speech / name).is_dir():
        pytest.skip(f"needs {name}: no folder {speech / name}")
    monkeypatch.setenv("SER_CORPORA", str(speech))
    (expected,) = (each for each in hunting._recorded(hunting.RECORDED) if each["corpus"] == name)
    found = hunting.hunt(name)
    assert found["leaks"] == expected["leaks"] == {}
    assert [pair[:4] for pair in found["pairs"]] == [pair[:4] for pair in expected["pairs"]]
    for what in ("clips", "speakers", "splits", "texts", "correlated"):
        assert found[what] == expected[what], what
