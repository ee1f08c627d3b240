"""What others start from agrees with the project: container, workflows, citation, paper, and the words on installing."""

import re
import tomllib

import pytest
import yaml

from sercore import encoders, store

README = (store.PROJECT / "README.md").read_text()
INSTALL = (store.PROJECT / "book" / "install.md").read_text()
MAKEFILE = (store.PROJECT / "Makefile").read_text()
DOCKERFILE = (store.PROJECT / "docker" / "Dockerfile").read_text()
PAPER = (store.PROJECT / "paper.md").read_text()
PROJECT = tomllib.loads((store.PROJECT / "pyproject.toml").read_text())["project"]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text())
    for path in (store.PROJECT / ".github" / "workflows").glob("*.yml")
}
CPU_WHEELS = re.search(r"make book TORCH_INDEX=(\S+)", INSTALL)[1]


def steps(workflow: str) -> list[dict]:
    return [step for job in WORKFLOWS[workflow]["jobs"].values() for step in job["steps"]]


def commands(workflow: str) -> list[str]:
    return [step["run"] for step in steps(workflow) if "run" in step]


def test_the_container_is_made_by_the_readmes_commands():
    targets = re.findall(r"^([.\w/]+(?: [.\w/]+)*):", MAKEFILE, flags=re.MULTILINE)
    (target,) = re.findall(r"^RUN make (\S+) TORCH_INDEX=\$TORCH_INDEX$", DOCKERFILE, re.MULTILINE)
    assert target in targets
    (words,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, flags=re.MULTILINE)
    assert " ".join(yaml.safe_load(words)) in re.findall(r"^make \w+", README, re.MULTILINE)
    assert re.findall(r"^ARG TORCH_INDEX=(\S+)$", DOCKERFILE, re.MULTILINE) == [CPU_WHEELS]
    (python,) = re.findall(r"^FROM python:(\S+)-slim$", DOCKERFILE, flags=re.MULTILINE)
    assert python in {"3.11", "3.12", "3.13"}


def test_the_container_is_built_as_the_page_says():
    built = re.findall(r"^#? *(docker build .*?\.)(?: {2,}|$)", DOCKERFILE, flags=re.MULTILINE)
    assert len(built) == 2
    assert all(command in INSTALL for command in built)


def test_binder_builds_the_environment():
    """It would take a Dockerfile that stands at the top, before environment.yml."""
    assert not (store.PROJECT / "Dockerfile").exists()
    assert (store.PROJECT / "environment.yml").is_file()


def test_what_git_ignores_is_not_copied_into_the_container():
    ignored = (store.PROJECT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    for name in (store.PROJECT / ".gitignore").read_text().splitlines():
        known = {name.rstrip("/"), f"**/{name.rstrip('/')}"}
        assert known & set(ignored), f"{name} is ignored by git"


@pytest.mark.parametrize(("workflow", "command"), [("test", "make test"), ("pages", "make book")])
def test_a_workflow_calls_the_readmes_command(workflow, command):
    assert command in re.findall(r"^make \w+", README, flags=re.MULTILINE)
    called = [line for line in commands(workflow) if line.startswith("make ")]
    assert [line.split(" TORCH_INDEX=")[0] for line in called] == [command]
    index = called[0].split(" TORCH_INDEX=")[1]
    if index == "$TORCH_INDEX":
        index = WORKFLOWS[workflow]["env"]["TORCH_INDEX"]
    assert index == CPU_WHEELS


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_actions_are_named_by_their_major_version(workflow):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used)


def test_every_python_and_both_ends_of_the_versions_are_tested():
    pinned, unpinned = (WORKFLOWS["test"]["jobs"][job] for job in ("pinned", "unpinned"))
    pythons = pinned["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    ends = unpinned["strategy"]["matrix"]["include"]
    assert [(end["versions"], end["python"]) for end in ends] == [
        ("lowest-direct", pythons[0]),
        ("highest", pythons[-1]),
    ]


def test_pages_are_published_from_where_the_book_is_rendered():
    uploaded = [step["with"]["path"] for step in steps("pages") if "path" in step.get("with", {})]
    assert uploaded == ["_build/html"]


def test_the_papers_marks_are_the_readmes():
    """Another test holds the README's against the ledger."""
    listed = re.search(r"<!-- marks: .*?-->\n(.*?)\n<!-- end", PAPER, flags=re.DOTALL)[1]
    spaced = README.replace("\N{NO-BREAK SPACE}", " ")
    rows = re.findall(r"^\| \[\d\. (.*?)\]\(.*\| \S\s(.*?) \|$", spaced, flags=re.MULTILINE)
    assert len(rows) == 4
    assert listed.splitlines() == [f"- {authors}: {mark}" for authors, mark in rows]


def test_the_paper_types_no_other_number_and_cites_what_its_list_has():
    words = PAPER.split("---", 2)[2]
    assert len(words.split()) < 1000
    text = re.sub(r"\[@.*?\]|\(20\d\d\)|[Cc]hapter \d", "", words)
    assert not re.findall(r"\d", text)
    listed = re.findall(r"^@\w+\{(\w+),", (store.PROJECT / "paper.bib").read_text(), re.MULTILINE)
    assert set(re.findall(r"@(\w+)", words)) == set(listed)
    shared = (store.PROJECT / "book" / "references.bib").read_text()
    for entry in re.findall(r"^@.*?^\}", (store.PROJECT / "paper.bib").read_text(), re.M | re.S):
        if entry.split(",")[0] in shared:
            assert entry in shared


def test_the_citation_is_that_of_the_package():
    citation = yaml.safe_load((store.PROJECT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["abstract"] == PROJECT["description"]


def test_the_page_has_the_refusals_command():
    command = encoders.CONVERT.format(name="facebook/hubert-large-ll60k")
    page = (store.PROJECT / "book" / "own-speech.md").read_text()
    assert command.replace(" python ", " .venv/bin/python ") in page
