"""Words by people: their numbers are the ledger's, and what they say more rests on marks that are checked."""

import dataclasses
import json

import pytest

from sercore import papers, store
from sercore.ledger import recorded
from sercore.ledger.claims import Claim, Judgement
from sercore.ledger.entries import Ledger
from sercore.pages import fragments
from sercore.report.prose import ProseError, Values, fill

CLAIMS = (
    Claim("Z1", "It holds", source="", judge=lambda ledger: Judgement.alike("holds", "")),
    Claim(
        "Z2",
        "It holds with a leak",
        source="",
        judge=lambda ledger: Judgement(published="holds", clean="fails", reason=""),
    ),
)
PADI = papers.named("padi2021")
NOTEBOOKS = sorted((store.PROJECT / "notebooks").glob("*.ipynb"))


@pytest.fixture
def values():
    return {
        "padi2021": Values(PADI, lambda: CLAIMS),
        "n": 1234.567,
        "bad": float("nan"),
        "word": "word",
        "folder": "a*b_[x](y)<i>$1$",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no number\n", "no number\n"),
        ("{{ n | f }} {{ n | f(2) }}\n", "1,235 1,234.57\n"),
        ("{{ 0.1 | signed(1) }} {{ -0.25 | signed(2) }}", "+0.1 −0.25"),
        (
            "{{ 0.345 | percent }} {{ 0.345 | percent(1) }}",
            "34\N{NO-BREAK SPACE}% 34.5\N{NO-BREAK SPACE}%",
        ),
        ("of 5 % and 6 %", "of 5\N{NO-BREAK SPACE}% and 6\N{NO-BREAK SPACE}%"),
        ("{{ 0 | or_none }} of {{ 1234 | or_none }}", "none of 1,234"),
        ("{{ padi2021.printed }}", "82"),
        ("so{{ padi2021.rests(Z1='holds') }}.", "so."),
        ("so{{ padi2021.rests(Z2='holds/fails', Z1='holds') }}.", "so."),
        ("all{{ padi2021.equal('conversation_epochs', 'quiet_epochs') }}.", "all."),
        ("$\\frac{a}{b}$ {#id} {cite:t}`x`", "$\\frac{a}{b}$ {#id} {cite:t}`x`"),
        ("{#id} {{ word }} {#other} #}", "{#id} word {#other} #}"),
        ("on {{ folder }}", r"on a\*b\_\[x\](y)\<i\>\$1\$"),
        ("on {{ folder | code }}", "on `a*b_[x](y)<i>$1$`"),
        ("{{ 'a`b' | code }}, {{ -1 | f }}", "`a b`, −1"),
    ],
)
def test_a_name_gives_its_number(values, text, expected):
    assert fill(text, values, where="page.md") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ m }}", r"^page\.md: 'm' is undefined\.$"),
        (
            "{{ padi2021.printedd }}",
            r"`padi2021\.printedd`: no such number; did you mean `printed`\?",
        ),
        ("{{ padi2021.qqqq }}", r"no such number; there are `angry_recall`, "),
        ("{{ n | g }}", r"No filter named 'g'"),
        ("{{ padi2021 }}", r"is no finite number"),
        ("{{ padi2021.rests }}", r"^page\.md: <bound method .* is no finite number\.$"),
        ("{{ padi2021.rests() }}", r"`rests` without a claim checks nothing"),
        ("{{ padi2021.equal('printed') }}", r"`equal` with fewer than two names checks nothing"),
        ("{{ padi2021._paper }}", r"Padi2021 object at .* is no finite number"),
        ("{{ none }}", r"None is no finite number|undefined"),
        ("{{ bad | f }}", r"nan is no finite number"),
        ("{{ bad }}", r"nan is no finite number"),
        ("{{ word | f(2) }}", r"'word' is no finite number"),
        ("{{ m | f }}", r"'m' is undefined|no finite number"),
        ("{{ padi2021.rests('Z1') }}", r"takes 1 positional argument"),
        ("{{ n", r"unexpected end of template"),
        ("{{ padi2021.rests(Z9='holds') }}", r"claim Z9: no such claim; there are Z1, Z2"),
        (
            "{{ padi2021.equal('measured', 'printed') }}",
            r"the words need equal numbers, and measured is 20, printed is 82\. Read",
        ),
        (
            "{{ padi2021.rests(Z2='holds') }}",
            r"claim Z2: the words rest on its mark 'holds', which is 'holds/fails' today",
        ),
    ],
)
def test_a_text_that_the_ledger_does_not_bear_out_is_refused(values, text, message):
    with pytest.raises(ProseError, match=message):
        fill(text, values, where="page.md")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_can_be_filled_and_says_what_it_found(path):
    findings, numbers = 0, papers.values()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            words = fill("".join(cell["source"]), numbers, where=path.name)
            assert "{{" not in words
            if "finding" in cell["metadata"].get("tags", []):
                findings += 1
                assert words.startswith("**")
                assert "{cite" not in words
    assert findings == 1


def test_another_recorded_count_is_another_number_in_the_text():
    text = "{{ padi2021.ours_ua | f(2) }}"
    before = fill(text, {"padi2021": Values(PADI, lambda: ())}, where="page.md")
    runs = recorded.read(PADI.name)
    counts = runs.parts["counts"].copy()
    counts["predicted"] = 0  # every answer is neutral
    altered = dataclasses.replace(runs, parts=runs.parts | {"counts": counts})
    values = Values(PADI, lambda: ())
    values.ledger = Ledger(PADI, runs=altered)
    after = fill(text, {"padi2021": values}, where="page.md")
    assert float(before) > 55 > 30 > float(after)


@dataclasses.dataclass
class Broken:
    """A paper whose numbers cannot be had."""

    name: str = PADI.name
    folder: str = "broken"

    def quoted(self, ledger):
        raise AttributeError("'NoneType' object has no attribute 'value'")


def test_numbers_that_cannot_be_had_are_told_with_the_page(monkeypatch):
    values = Values(Broken(), lambda: ())
    values.ledger = Ledger(PADI)
    with pytest.raises(ProseError, match=r"^page\.md: broken\.quoted failed: AttributeError"):
        fill("{{ broken.n }}", {"broken": values}, where="page.md")


@pytest.mark.parametrize(
    ("tagged", "message"),
    [
        ([], "0 cells of words are tagged"),
        (["one", "two"], "2 cells of words are tagged"),
        ([""], "1 cells of words are tagged"),
    ],
)
def test_a_chapter_says_once_what_it_found(tmp_path, tagged, message):
    words = {"metadata": {"tags": ["finding"]}, "cell_type": "markdown"}
    cells = [words | {"source": [text]} for text in tagged]
    cells.append({"metadata": {"tags": ["finding"]}, "cell_type": "code", "source": ["1"]})
    path = tmp_path / "chapter.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    with pytest.raises(ProseError, match=message):
        fragments.finding(path, {})
