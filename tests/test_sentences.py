"""Sentences are written by people: the modules that make pages hold captions and reasons, and no prose."""

import ast
import re
from pathlib import Path

import pytest

from sercore import store

# A saved model says its limits itself, and claims are sentences with their reasons.
EXEMPT = {"card.py", "claims.py"}
LENGTH = 80  # characters
SENTENCE = re.compile(r"[a-z]\.(?: [A-Z]| ?$)")
PACKAGE = store.PROJECT / "sercore"


def literal(node: ast.AST) -> str | None:
    """Text of a string, with a mark for each value in it; None for another node."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = node.values
        return "".join(part.value if isinstance(part, ast.Constant) else "#" for part in parts)
    return None


def sentences(source: str) -> list[str]:
    """Long strings that hold a whole sentence, but for docstrings and what is raised."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    results = []
    for node in ast.walk(tree):
        text = literal(node)
        if text is None or isinstance(parents[node], (ast.Expr, ast.JoinedStr)):
            continue
        if len(text) < LENGTH or not SENTENCE.search(text):
            continue
        above = node
        while above in parents and not isinstance(above, ast.Raise):
            above = parents[above]
        if not isinstance(above, ast.Raise):
            results.append(text)
    return results


def page_makers() -> list[Path]:
    rooms = [PACKAGE / "report", PACKAGE / "pages", *(PACKAGE / "papers").glob("*2*")]
    paths = [path for room in rooms for path in sorted(room.glob("*.py"))]
    makers = {
        "page.py",
        "paper.py",
        "tables.py",
        "figures.py",
        "numbers.py",
        "evidence.py",
        "views.py",
    }
    of_papers = [path for path in paths if path.parent.parent.name == "papers"]
    return [path for path in paths if path not in of_papers or path.name in makers - EXEMPT]


@pytest.mark.parametrize(
    "path", page_makers(), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_no_sentence_of_a_page_is_built_in_python(path):
    assert not sentences(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "count"),
    [
        (f"x = 'The network reaches {'so much ' * 12}more. It is good'", 1),
        (f"x = f'The network reaches {{y}}, which is {'so much ' * 12}more.'", 1),
        (f"x = 'the mean over {'speakers and ' * 12}seeds'", 0),
        (f"raise ValueError('The network reaches {'so much ' * 12}more. Stop')", 0),
        ("x = 'It is. No.'", 0),
    ],
)
def test_a_planted_sentence_is_found(source, count):
    assert len(sentences(source)) == count
