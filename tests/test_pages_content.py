"""What the pages say by themselves: from planted runs and folders, exactly that; from this checkout, all of it."""

import json
import re
from html import unescape
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from sercore import papers, sealed, store
from sercore.corpora import COLUMNS, LOADERS, Corpus
from sercore.pages import data, excerpts, fragments, reference, status

BOOK = store.PROJECT / "book"
RUN = {
    "chapter": "07-planted",
    "seconds": 61.7,
    "peak": 1234.5,
    "date": "2001-02-03T04:05:06+00:00",
    "machine": "Abacus & Sons",
    "cores": 3,
    "python": "3.9.9",
    "versions": {"torch": "1.0", "numpy": "0.9"},
    "commit": "0123456789abcdef",
    "clean": False,
}


def rows(table):
    """Texts of a table's cells, row by row, without the head."""
    body = table.data.split("<tbody>")[1]
    body = re.sub(r' <sup title="([^"]*)">\w+</sup>', r"<br>\1", body)
    found = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
    return [
        [
            unescape(re.sub(r"<br>|<[^>]+>", lambda tag: " | " if tag[0] == "<br>" else "", cell))
            for cell in row
        ]
        for row in found
    ]


def test_an_executed_page_says_what_is_kept_of_its_run():
    where = "Abacus & Sons, 3 cores | Python 3.9.9, numpy 0.9, torch 1.0"
    assert rows(status.chapters([RUN])) == [
        ["07-planted", "2001-02-03 04:05", "62", "1234", "0123456789, changed tree", where]
    ]


def test_parts_of_the_book_in_their_order_and_what_was_not_timed():
    told = rows(status.parts([RUN], {"demo corpora": 70.2, "rendering": 41.0}))
    assert told == [
        ["installation", "not timed here"],
        ["demo corpora", "70"],
        ["07-planted", "62"],
        ["rendering", status.UNKNOWN],
    ]


def test_recorded_runs_with_their_hours_and_what_is_stale():
    trials = pd.DataFrame({"run": ["open", "open", "again"], "seconds": [1800.0, 3600.0, 36.0]})
    run = {key: RUN[key] for key in ("python", "versions", "commit")} | {
        "date": "2001-02-03",
        "device": "cpu",
        "clean": True,
    }
    run |= {"method": 1}
    again = {
        "date": "2001-03-04",
        "commit": "abcdef0123456789",
        "processor": "planted64",
        "trials": {"0": "same", "1": "differs"},
    }
    runs = {
        "open": run | {"corpora": ["tess"], "verified": [again]},
        "again": run | {"corpora": ["emovo", "tess"]},
    }
    full = SimpleNamespace(
        recorded=SimpleNamespace(runs=runs, trials=trials),
        stale={"open": "", "again": "method 1 then, 2 now"},
    )
    empty = SimpleNamespace(recorded=SimpleNamespace(runs={}, trials=trials[:0]), stale={})
    first, second, third = rows(status.recorded({"01-one": full, "02-two": empty}))
    words = "1 the same to the digit, 1 different; last on 2001-03-04, abcdef0123, planted64"
    made = "cpu; Python 3.9.9, numpy 0.9, torch 1.0"
    assert first == [
        f"01-one, open | tess; {made}",
        "2",
        "1.50",
        "2001-02-03 | [method 1; 0123456789, clean tree]",
        f"2 of 2 | {words}",
    ]
    assert second == [
        f"01-one, again | emovo, tess; {made}",
        "1",
        "0.01",
        "2001-02-03 | [stale, method 1 then, 2 now; 0123456789, clean tree]",
        "none",
    ]
    assert third == ["02-two", "–", "–", "none recorded", "–"]


def test_found_corpora_say_their_problems_and_the_others_are_named(tmp_path):
    counted = {
        "corpus": "tess",
        "clips": 3,
        "hours": 0.25,
        "speakers": 2,
        "classes": {},
        "problems": ["one missing", "one odd"],
    }
    sealed.replace(tmp_path, {"corpora.json": json.dumps([counted]).encode()}, name=sealed.DIGESTS)
    found = {row[0]: row[1:] for row in rows(data.corpora(tmp_path / "corpora.json"))}
    assert found == {"TESS": ["3", "0.250", "2", "one missing; one odd"]}
    others = [title for name, title in data.TITLES.items() if name != "tess"]
    assert data.missing(tmp_path / "corpora.json") == ", ".join(others)


def test_recorded_corpora_are_known_and_name_no_machine():
    text = data.RECORDED.read_text()
    assert not re.search(r'(^|[\s"(])/\w', text), "a path of some machine"
    counted = json.loads(text)
    assert counted
    assert {each["corpus"] for each in counted} <= set(data.TITLES)
    assert all(
        sum(each["classes"].values()) == each["clips"] for each in counted if each["classes"]
    )


def test_recorded_corpora_are_those_of_the_real_folders(speech):
    from sercore import corpora

    counted = {each["corpus"]: each for each in json.loads(data.RECORDED.read_text())}
    found = corpora.load("emovo", root=speech)
    assert (len(found.table), found.table["speaker"].nunique()) == (
        counted["emovo"]["clips"],
        counted["emovo"]["speakers"],
    )
    assert found.problems == counted["emovo"]["problems"]


def test_every_corpus_with_a_loader_has_its_section():
    assert set(data.TITLES) == set(LOADERS)
    text = (BOOK / "data.md").read_text()
    sections = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##)", text, flags=re.MULTILINE | re.DOTALL))
    for folder, title in data.TITLES.items():
        assert all(
            word in sections[title]
            for word in ("**Terms:**", "**How to get it:**", f"`{folder}/", "{cite:p}`")
        ), title
        assert re.search(r"\*\*Chapters?:\*\*", sections[title]), title


def test_demo_corpora_are_counted(monkeypatch):
    def load(name):
        lines = [
            ("a", "en-GB", "sad", 1800.0),
            ("a", "en-GB", "angry", 900.0),
            ("b", "de-DE", "sad", 900.0),
        ]
        found = [
            dict(zip(("speaker", "language", "emotion", "seconds"), line, strict=True))
            for line in lines
        ]
        return Corpus(name, pd.DataFrame(found, columns=COLUMNS))

    monkeypatch.setattr(data.synthetic, "load", load)
    found = rows(data.demo())
    assert [row[0] for row in found] == list(data.synthetic.NAMES)
    assert found[0][1:] == ["3", "1.000", "2", "de-DE, en-GB", "angry 1, sad 2"]


def test_every_excerpt_is_in_this_checkout():
    text = (BOOK / "adding.md").read_text()
    shown = re.findall(r"\{literalinclude\} (\S+)\n(.*?)```", text, flags=re.DOTALL)
    for name, options in shown:
        lines = (BOOK / name).read_text().splitlines()
        if found := re.search(r":pyobject: (\w+)", options):
            assert [line for line in lines if re.match(rf"(def|class) {found[1]}\b", line)], (
                name,
                found[1],
            )
        if found := re.search(r':end-before: "(.*)"', options):
            assert any(line.startswith(found[1]) for line in lines), (name, found[1])
        for mark in re.findall(r':(?:start|end)-at: "(.*)"', options):
            assert any(mark in line for line in lines), (name, mark)
    assert len(shown) == 6


def planted(first: int, second: str = "x") -> int:
    """Add them.

    More.
    """
    return first + len(second)


def test_code_beside_an_equation_is_what_computes():
    text = excerpts.code(planted, planted).data
    body = 'def planted(first: int, second: str = "x") -> int:\n    return first + len(second)'
    assert text == f"```python\n{body}\n\n\n{body}\n```"


def test_a_chapters_first_cells_are_shown_up_to_the_one_after_its_parameters(tmp_path):
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "words"]},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["seeds = 1"]},
        {"cell_type": "code", "metadata": {}, "source": ["import this"]},
        {"cell_type": "code", "metadata": {}, "source": ["hidden"]},
    ]
    path = tmp_path / "planted.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    blocks = (
        "```md\n# Title\nwords\n```",
        "```python\nseeds = 1\n```",
        "```python\nimport this\n```",
    )
    assert excerpts.first_cells(path) == "\n\n".join(blocks)
    path.write_text(json.dumps({"cells": cells[:1]}))
    with pytest.raises(LookupError, match=r"planted\.ipynb: no cell is tagged `parameters`"):
        excerpts.first_cells(path)


def test_every_module_of_the_library_has_its_place_in_the_reference():
    house = store.PROJECT / "sercore"
    files = {
        path.relative_to(house.parent).with_suffix("").as_posix() for path in house.rglob("*.py")
    }
    expected = {
        name.removesuffix("/__init__").replace("/", ".")
        for name in files
        if not name.endswith("__main__")
    }
    named = re.findall(r"automodule:: (\S+)", "\n".join(reference.pages().values()))
    of_papers = {name for name in expected if name.startswith("sercore.papers.")}
    assert len(of_papers) > 60
    assert sorted(named) == sorted(expected - {"sercore", "sercore.cli"} - of_papers)
    assert all(f"(generated/api/{room}.md)" in reference.contents() for room in reference.rooms())


def test_a_new_module_is_in_the_reference(tmp_path):
    house = tmp_path / "sercore"
    (house / "room").mkdir(parents=True)
    (house / "__init__.py").write_text('"""House."""')
    (house / "room" / "__init__.py").write_text('"""A ``room``\nof two lines.\n\nMore."""')
    assert reference.contents(house) == "- [`room`](generated/api/room.md): A `room` of two lines."
    (house / "room" / "new.py").write_text('"""New."""')
    assert "automodule:: sercore.room.new" in reference.pages(house)["room"]


def test_every_include_is_written_and_every_page_of_the_contents_is_there(monkeypatch):
    monkeypatch.setattr(fragments.data, "demo", lambda: SimpleNamespace(data=""))
    written = set(fragments._texts(papers.values(), [RUN], {})) | {"steps.svg", "speed.svg"}
    for page in BOOK.glob("*.md"):
        named = set(re.findall(r"\{(?:include|image|figure)\} generated/(\S+)", page.read_text()))
        assert named <= written, page.name
    toc = yaml.safe_load((store.PROJECT / "_toc.yml").read_text())
    entries = [entry for part in toc["parts"] for entry in part["chapters"]]
    named = [toc["root"], *(entry["file"] for entry in entries)]
    assert all(
        (store.PROJECT / f"{name}{end}").is_file()
        for name in named
        for end in [".ipynb" if "notebooks" in name else ".md"]
    )
    assert [each["glob"] for entry in entries for each in entry.get("sections", [])] == [
        "book/generated/api/*"
    ]


def test_every_reference_has_what_names_it():
    text = (BOOK / "references.bib").read_text()
    found = re.findall(r"^@\w+\{(\w+),\n(.*?)^\}", text, flags=re.MULTILINE | re.DOTALL)
    assert len({key for key, _ in found}) == len(found) == text.count("\n@") + 1
    assert not [
        key
        for key, entry in found
        if not all(f"  {field} = {{" in entry for field in ("author", "title", "year"))
    ]
    assert not [key for key, entry in found if f"year = {{{key[-4:]}}}" not in entry]
