"""Every trial's split is searched before anything trains: a planted leak is refused, one on purpose told."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import store
from sercore.features import fingerprint
from sercore.papers.alves2022 import splitting
from sercore.papers.alves2022 import study as ser2022
from sercore.papers.alves2022 import trial as ser2022_trial
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.padi2021 import study as padi
from sercore.papers.parry2022 import study as parry
from sercore.parameters import checked
from sercore.protocols.grids import known_copies, search
from sercore.protocols.speakers import LeakError
from sercore.protocols.splits import Splits
from sercore.report import tables
from sercore.sweep import Task, finished
from tests.papers.alves2022 import alves_toy

STUDIES = (ser2022, parry, loopq, padi)


@dataclass(frozen=True, kw_only=True)
class Trial:
    protocol: str = "clean"
    edition: str = "open"
    tested: tuple[int, ...] = (4, 5)
    left_out: tuple[int, ...] = ()


@dataclass(frozen=True)
class Data:
    table: pd.DataFrame


def sides(trial, data):
    rest = set(range(len(data.table))) - {*trial.tested, *trial.left_out}
    return {"training": np.array(sorted(rest)), "test": np.array(trial.tested)}


def refuse_to_train(trial, data, *, device="cpu"):
    raise AssertionError("trained before the search")


@pytest.fixture
def clips(tmp_path, empty_store):
    """Six clips of three speakers, two texts, each another noise."""
    rows = []
    for number in range(6):
        path = tmp_path / f"{number}.wav"
        noise = np.random.default_rng(number).normal(0, 0.1, 16_000)
        soundfile.write(path, noise, 16_000, subtype="FLOAT")
        speaker, text = f"s{number // 2}", str(number % 2)
        rows.append({"path": path, "corpus": "c", "speaker": speaker, "text": text})
    return pd.DataFrame(rows)


def same(table, first, second, level=1.0):
    samples, rate = soundfile.read(table["path"][first])
    soundfile.write(table["path"][second], level * samples, rate, subtype="FLOAT")


SPLITS = Splits(sides=sides, leaky=lambda trial: trial.protocol != "clean")
NOTHING = {"speaker": 0, "recording": None, "original": None, "same audio": 0, "near copy": 0}


def test_a_split_without_a_leak_shares_texts_alone(clips):
    (shared,) = search([Trial(), Trial(), Trial(tested=(0, 1))], Data(clips), SPLITS)
    assert (shared.protocol, shared.is_leaky, shared.splits) == ("clean", False, 2)
    assert shared.counts == NOTHING | {"text": 2}


@pytest.mark.parametrize(
    ("plant", "kind", "told"),
    [
        (
            lambda table: same(table, 0, 4),
            "same audio",
            r"0\.wav and .*4\.wav, in .* the same samples",
        ),
        (lambda table: same(table, 0, 4, 0.5), "near copy", "hold nearly the same sound"),
        (lambda table: table.__setitem__("speaker", [*"AABBCa"]), "speaker", "speaker A"),
        (lambda table: table.__setitem__("recording", [*"abcdea"]), "recording", "recording a"),
        (lambda table: table.__setitem__("parent", [None] * 5 + ["0"]), "original", "original"),
    ],
)
def test_a_planted_leak_is_refused_before_anything_trains(clips, plant, kind, told):
    plant(clips)
    settings = {"name": "models", "run": refuse_to_train, "data": Data(clips), "corpora": ["c"]}
    task = Task(trials=[Trial(tested=(2, 3)), Trial()], splits=SPLITS, **settings)
    with pytest.raises(LeakError, match=f"clean: .*{told}"):
        finished([task], scheduler="none", device="cpu")
    (shared,) = search([Trial(protocol="clips")], Data(clips), SPLITS)
    assert shared.is_leaky
    assert shared.counts[kind] == 1
    leaky = Task(trials=[Trial(protocol="clips")], splits=SPLITS, **settings)
    page = tables.shared([leaky]).data
    assert "on purpose" in page
    assert "clips" in page


def test_of_the_demo_equal_files_are_refused_and_no_sound_is_searched(clips, monkeypatch):
    monkeypatch.setattr(fingerprint, "copies", lambda clips: pytest.fail("searched"))
    demo = Trial(edition="demo")
    (shared,) = search([demo], Data(clips), SPLITS)
    assert shared.counts == NOTHING | {"near copy": None, "text": 2}
    clips["path"][4].write_bytes(clips["path"][1].read_bytes())
    with pytest.raises(LeakError, match=r"1\.wav and .*4\.wav, in .* hold the same samples"):
        search([demo], Data(clips), SPLITS)


def test_copies_are_found_whichever_of_them_a_split_leaves_out(clips):
    for number in (2, 4):
        same(clips, 0, number)
    same(clips, 0, 5, 0.5)
    codes, near = known_copies(list(map(str, clips["path"])))
    assert codes.tolist() == [0, 1, 0, 3, 0, 5]
    assert [pair[:2] for pair in near] == [(0, 5)]
    for left_out, tested in (((0,), (4,)), ((0, 2, 4), (3,)), ((0, 2), (5,))):
        trial = Trial(tested=tested, left_out=left_out)
        if len(left_out) == 3:
            search([trial], Data(clips.drop(columns="speaker")), SPLITS)
            continue
        with pytest.raises(LeakError, match="hold"):
            search([trial], Data(clips.drop(columns="speaker")), SPLITS)


def test_the_search_for_copies_is_kept_by_the_clips_contents(clips, monkeypatch):
    paths = list(clips["path"])
    same(clips, 0, 4)
    codes, near = known_copies(paths)
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, "copies", lambda clips: pytest.fail("searched again"))
        assert (known_copies(paths)[0].tolist(), known_copies(paths)[1]) == (codes.tolist(), near)
    same(clips, 1, 3)
    assert known_copies(paths)[0].tolist() == [0, 1, 2, 1, 0, 5]


@pytest.mark.parametrize(
    "protocol", [*ser2022.PROTOCOLS, "real clips", "copies kept + recordings apart"]
)
@pytest.mark.parametrize("row", [ser2022.CONTROLLED, ser2022.LAYER, ser2022.DEMO[2]])
def test_chapter_1_searches_the_split_that_its_trials_have(row, protocol):
    data = alves_toy.data()
    trial = ser2022.Trial(
        row=row, variant="as-run", protocol=protocol, fold=1, seed=3, edition="demo"
    )
    configuration = ser2022_trial.Configuration.of(row)
    items = ser2022_trial.arrange(trial, configuration, data)
    items.notes[:] = ""
    items = splitting.replace(items, notes=np.array([str(at) for at in range(len(items.notes))]))
    about = {"balancer": configuration.balancer, "steps": splitting.steps_of(protocol)}
    *parts, _ = splitting.split(items, fold=1, seed=3, **about)
    for (name, rows), part in zip(ser2022.sides(trial, data).items(), parts, strict=True):
        notes = part.notes[part.recordings != splitting.SYNTHETIC]
        assert sorted(map(int, notes)) == rows.tolist(), name


def test_names_alone_are_compared_where_no_clip_has_a_file():
    (shared,) = search([Trial()], Data(pd.DataFrame({"speaker": [*"aabbcc"]})), SPLITS)
    assert shared.counts == dict.fromkeys([*NOTHING, "text"]) | {"speaker": 0}


@pytest.mark.long
@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.NAME)
def test_every_chapter_s_trainings_are_searched(study, speech):
    """On the open edition: what was recorded as clean has no leak, and the random splits have one."""
    given = {"edition": "open", "device": "cpu"}
    given |= {"encoder": "none"} if study in (ser2022, loopq) else {}
    given |= {"protocol": "all"} if study is padi else {}
    missing = [
        name for name in ("coraa-ser", "ravdess", "tess", "emovo") if not (speech / name).is_dir()
    ]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} in {speech}")
    parameters = checked(study.Parameters, given)
    tasks = study.tasks(parameters, study.load(parameters))
    searched = [shared for task in tasks for shared in task.shared]
    clean = [shared for shared in searched if not shared.is_leaky]
    assert clean
    for shared in searched:
        crossing = {
            kind: count for kind, count in shared.counts.items() if count and kind != "text"
        }
        assert bool(crossing) == shared.is_leaky, shared
    assert {task.name for task in tasks if task.splits is None} <= {"views", "speakers", "gender"}


# Chapters 2 and 4 search clips of one's own where they read them, which their trials import.
@pytest.mark.parametrize("folder", ["alves2022", "biagini2022", "luck"])
def test_a_finished_trial_stays_finished_when_the_search_changes(folder):
    modules, _ = store.closure((f"sercore.papers.{folder}.trial",))
    assert f"sercore.papers.{folder}.trial" in modules
    assert not {"sercore.protocols.grids", "sercore.features.fingerprint"} & set(modules)
