"""pyproject.toml, constraints.txt and environment.yml say one thing, and it is what is installed."""

import importlib.metadata
import re
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from sercore import store

PROJECT = tomllib.loads((store.PROJECT / "pyproject.toml").read_text())["project"]
REQUIRED = [
    Requirement(text)
    for text in [
        *PROJECT["dependencies"],
        *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
    ]
]
PINS = [
    line
    for line in (store.PROJECT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
ENVIRONMENT = yaml.safe_load((store.PROJECT / "environment.yml").read_text())


def pinned():
    return {canonicalize_name(name): version for name, version in (pin.split("==") for pin in PINS)}


def test_constraints_are_exact_versions_and_nothing_else():
    odd = [pin for pin in PINS if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", pin)]
    assert not odd, "no hosts, no paths, no local suffixes"
    assert len(pinned()) == len(PINS)


@pytest.mark.parametrize("requirement", REQUIRED, ids=lambda requirement: requirement.name)
def test_each_direct_dependency_is_pinned_within_its_range(requirement):
    version = pinned()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


@pytest.mark.parametrize("requirement", REQUIRED, ids=lambda requirement: requirement.name)
def test_what_is_installed_is_what_is_pinned(requirement):
    if requirement.marker and not requirement.marker.evaluate():
        pytest.skip(f"not for Python {sys.version_info.major}.{sys.version_info.minor}")
    try:
        installed = Version(importlib.metadata.version(requirement.name)).public
    except importlib.metadata.PackageNotFoundError:
        optional = {
            "opensmile": "make bench",
            "jupyterlab-myst": "make lab",
            "audformat": "pip install '.[audformat]'",
        }
        assert requirement.name in optional, "only these extras are optional"
        pytest.skip(f"installed by `{optional[requirement.name]}`")
    assert installed == pinned()[canonicalize_name(requirement.name)]


def test_conda_gets_the_same_set():
    *packages, pip = ENVIRONMENT["dependencies"]
    assert packages == ["python=3.11", "pip"]
    assert pip == {"pip": ["--constraint constraints.txt", "--editable .[test]"]}
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains("3.11")


def test_makefile_installs_the_same_set():
    text = (store.PROJECT / "Makefile").read_text()
    assert "--constraint constraints.txt" in text
    assert "--editable '.[test]'" in text
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in text
