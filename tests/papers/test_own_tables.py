"""Every chapter and its models on clips of one's own: synthesised ones, and sixty of EMOVO where the corpora are."""

import ast
import os
from pathlib import Path

import nbformat
import pytest

from sercore import chapters, papers, predict
from sercore.augment import voice
from sercore.corpora import TableError
from sercore.ledger import recording
from sercore.parameters import ParameterError, checked
from sercore.report import own
from tests import own_clips
from tests.kept import with_estimates

ROW = "(3) Multi-task all prosodic + SMOTE - CG"
COPIES = "(12) Multi-task 29 prosodic + SMOTE + CG"
QUICK = {"epochs": "1", "precision": "fp32"}
SMALL = {**QUICK, "pretraining": "1", "size": "small"}
SYSTEM = {**QUICK, "size": "small"}  # of chapter 4 without transfer
# A model of each kind: its name, and parameters that make its training tiny.
MODELS = {
    ROW: {},
    "baseline": QUICK,
    "GR S": QUICK,
    "FCMFCC": QUICK,
    "CNNLSTM": QUICK,
    "CNNATT": QUICK,
    "HUBERTFT": {**QUICK, "encoder": "random"},
    "111": SMALL,
}
# Parameters of one tiny run of each chapter, on the first corpus and with the second unseen.
RUNS = {
    "01": {"only": COPIES, "encoder": "none"},
    "02": {**QUICK, "only": "baseline"},
    "03": {**QUICK, "only": "CNNLSTM fixed", "encoder": "none"},
    "04": {**SMALL, "only": "111", "folds": "1"},
}
REAL = pytest.mark.skipif(
    not os.environ.get("SER_CORPORA"), reason="SER_CORPORA is not set: EMOVO is not here"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a store of its own, whose trainings all tests share."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_STORE", str(with_estimates(folder / "store")))
        yield folder


@pytest.fixture(scope="module")
def clips(home):
    """Rows of 96 synthesised clips of two corpora."""
    return own_clips.write(home / "clips", takes=2)


@pytest.fixture(scope="module")
def both(home, clips):
    return own_clips.table(home, clips)


@pytest.fixture(scope="module")
def single(home, clips):
    lab = [row for row in clips if row["corpus"] == "lab"]
    return own_clips.table(home, lab, name="lab.csv")


def apart(name: str, away: str) -> dict[str, str]:
    """Parameters under which a chapter or a model never trains on a corpus, or scores it not."""
    return {} if name in ("04", "111") else {"unseen": away}


def trained(name: str, table: Path, *, clip: str, out: Path, away: str, scored: str) -> dict:
    """Train a model on a table of two corpora, and ask it about a clip."""
    given = MODELS[name] | {"table": str(table)} | apart(name, away)
    if name == "111":
        given |= {"scored": scored, "taught": away}
    about = predict.train(name, given, out=out)
    (answer,) = predict.predicted(predict.load(out), [clip])
    assert answer["error"] is None
    assert set(answer["probabilities"]) == set(about["classes"])
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert about["training"]["edition"] == "own"
    assert set(about["training"]["corpora"]) == {scored}
    assert about["speaker_independent"]["corpora"] == [scored]
    return about


@pytest.mark.parametrize("name", MODELS)
def test_each_model_learns_from_a_table_and_answers(home, both, clips, name):
    out = home / "models" / name.replace(" ", "_")
    about = trained(name, both, clip=clips[0]["path"], out=out, away="street", scored="lab")
    if name != "111":
        (elsewhere,) = about["unseen"].values()
        assert (elsewhere["corpora"], elsewhere["clips"]) == (["street"], 48)
        assert any("street, which training never met" in line for line in predict.sentences(about))


@REAL
@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_each_model_learns_from_sixty_clips_of_emovo_and_answers(tmp_path_factory, home, name):
    folder = tmp_path_factory.mktemp("emovo")
    rows = own_clips.emovo(("study", "field"))
    assert [sum(row["corpus"] == corpus for row in rows) for corpus in ("study", "field")] == [
        60,
        60,
    ]
    table = own_clips.table(folder, rows)
    about = trained(
        name, table, clip=rows[0]["path"], out=folder / "model", away="field", scored="study"
    )
    if name != "111":
        assert about["unseen"]["field"]["clips"] == 60


def cells_on_own_clips(name: str) -> list[ast.AST]:
    """Return a chapter's imports, and the statements of its cells that read the page's own data."""
    notebook = nbformat.read(chapters.NOTEBOOKS / f"{name}.ipynb", as_version=4)
    chosen, made = [], {"parameters", "data", "tasks", "outcomes", "run"}
    for cell in notebook.cells:
        if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
            continue
        tree = ast.parse(cell.source)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        stored = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        is_of_data = bool(names & made)
        made |= stored - {"figure", "rows"} if is_of_data else set()
        for node in tree.body:
            is_setup = isinstance(node, ast.Import | ast.ImportFrom) or (
                isinstance(node, ast.Assign) and ast.unparse(node) == "ledger = Ledger(PAPER)"
            )
            if is_setup or is_of_data:
                chosen.append(node)
    return chosen


@pytest.mark.parametrize("chapter", RUNS)
def test_a_chapter_runs_on_a_table_and_scores_across_corpora(both, chapter, capsys):
    """Every cell that reads the page's own data, as the command runs it; the rest is the ledger's."""
    paper, name = papers.named(chapter), chapters.find(chapter)
    given = RUNS[chapter] | {"table": str(both)} | apart(chapter, "street")
    if chapter == "04":
        given["scored"] = "lab"
    scope = chapters.check(chapter, given).model_dump()
    for node in cells_on_own_clips(name):
        exec(compile(ast.Module([node], []), name, "exec"), scope)
    run = scope["run"]
    assert run.source == "this page's own run"
    page = own.scores(run).data
    assert "printed" not in page
    assert (">lab<" in page, ">street<" in page) == (True, chapter != "04")
    parameters = scope["parameters"]
    assert paper.manifest(parameters) != paper.manifest(checked(paper.Parameters, {}))


def test_a_row_without_copies_converts_nothing(both, monkeypatch):
    """Its clips are those of the run of all rows, less the copies, each of which costs a conversion and a second of measuring."""
    paper = papers.named("01")
    given = RUNS["01"] | {"table": str(both)}
    assert (paper.load(checked(paper.Parameters, given)).originals >= 0).any()
    monkeypatch.setattr(voice, "converted", None)
    alone = paper.load(checked(paper.Parameters, given | {"only": ROW}))
    assert len(alone.originals) == 96
    assert (alone.originals < 0).all()


def test_what_cannot_be_run_is_told(single):
    """One corpus teaches no speakers, as described no gender is learnt, and no other corpus is there."""
    expected = {
        "01": "not run, as-described: other speakers' gender is learnt",
        "03": "not run, across-corpora lab fold 0: lab cannot train across corpora",
        "04": "not run, 100, 101, 110, 111: no other corpus is here whose speakers",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SER_CORPORA", raising=False)
        for chapter, sentence in expected.items():
            paper = papers.named(chapter)
            given = {name: RUNS[chapter][name] for name in RUNS[chapter] if name != "only"}
            data = paper.load(checked(paper.Parameters, given | {"table": str(single)}))
            (report,) = data.reports
            assert any(problem.startswith(sentence) for problem in report.problems), chapter
            assert sentence.replace("'", "&#x27;") in own.problems(data.reports).data


@pytest.mark.parametrize(
    ("name", "change", "without", "given", "told"),
    [
        (ROW, {}, ("gender",), {}, "gender missing; a non-neutral clip needs female or male"),
        (ROW, {"speaker": "s"}, (), {}, "clean fold 0: class 0 is in 1 groups; 2 folds need it"),
        ("baseline", {"speaker": "s"}, (), {}, "lab: 1 speakers .*a split needs at least 3"),
        ("FCMFCC", {"speaker": "s"}, (), {}, "lab: 1 group of speakers .*folds need at least 2"),
        ("011", {"speaker": "s"}, (), {}, "lab: 1 group of speakers .*folds need at least 2"),
        ("111", {}, (), {}, "not run, 111: no other corpus is here whose speakers"),
        ("FCMFCC", {"emotion": "calm"}, (), {}, "no class in the corpora that train"),
    ],
)
def test_what_a_table_cannot_teach_is_refused_in_a_sentence(
    home, clips, tmp_path, name, change, without, given, told
):
    rows = [row | change for row in clips if row["corpus"] == "lab"]
    table = own_clips.table(tmp_path, rows, without=without)
    settings = MODELS.get(name, SYSTEM) | given | {"table": str(table)}
    with pytest.raises((TableError, ParameterError), match=told):
        predict.train(name, settings, out=tmp_path / "model")


@pytest.mark.parametrize("name", [ROW, "FCMFCC", "011"])
def test_the_emotions_can_be_the_classes_as_they_are(home, clips, tmp_path, name):
    words = {"angry": "furious", "happy": "glad", "neutral": "plain", "sad": "low"}
    rows = [row | {"emotion": words[row["emotion"]]} for row in clips if row["corpus"] == "lab"]
    table = own_clips.table(tmp_path, rows, without=("gender",))
    settings = MODELS.get(name, SYSTEM) | {"table": str(table), "classes": "own"}
    about = predict.train(name, settings, out=tmp_path / "model")
    assert sorted(about["classes"]) == ["furious", "glad", "low", "plain"]


@pytest.mark.parametrize("name", [ROW, "baseline", "FCMFCC", "011"])
def test_a_split_that_is_given_is_kept(home, clips, tmp_path, name):
    sides = {"f1": "test", "m1": "test", "f2": "dev", "m2": "dev"}
    rows = [row | {"split": sides.get(row["speaker"], "train")} for row in clips]
    table = own_clips.table(tmp_path, [row for row in rows if row["corpus"] == "lab"])
    settings = MODELS.get(name, SYSTEM) | {"table": str(table)}
    about = predict.train(name, settings, out=tmp_path / "model")
    tested = about["speaker_independent"]
    assert (tested["clips"], tested["speakers"]) == (16, 2)
    without_validation = 2 if name in ("baseline", "FCMFCC") else 4
    assert about["training"]["speakers"] == without_validation


@pytest.mark.parametrize("chapter", RUNS)
def test_own_clips_are_never_recorded(chapter, single):
    paper = papers.named(chapter)
    parameters = checked(paper.Parameters, {"table": str(single)})
    with pytest.raises(ParameterError, match="clips of one's own are never recorded"):
        recording.record(paper, parameters)


@pytest.mark.parametrize(
    ("chapter", "given", "told"),
    [
        ("01", {"classes": "own"}, "-p classes=own: is of a table of your own, and none is given"),
        ("03", {"unseen": "lab"}, "-p unseen=lab: is of a table of your own, and none is given"),
        ("04", {"speaker_pattern": "s"}, "-p speaker_pattern=s: is of a table of your own"),
        ("04", {"table": "t", "speaker_pattern": "("}, r"\( is no regular expression"),
        ("04", {"table": "t", "classes": "own", "experiment": "exp1"}, "-p experiment=exp1: has"),
        ("01", {"table": "t", "models": "transfer"}, "-p models=transfer: asks of the paper's own"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(chapter, given, told):
    with pytest.raises(ParameterError, match=told):
        checked(papers.named(chapter).Parameters, given)
