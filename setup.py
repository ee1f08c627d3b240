"""What pyproject.toml cannot say: which files a wheel carries that stand beside the package.

A wheel holds the sources of the book in ``sercore_book``, a source archive all that is needed to test and build it again.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
BOOK = ("_config.yml", "_toc.yml", "book/**/*", "notebooks/*.ipynb", "benchmarks/*.py")
REST = (
    *("Makefile", "constraints.txt", "environment.yml", "docker/*"),
    *("*.md", "*.cff", "*.bib", ".editorconfig", ".pre-commit-config.yaml"),
    *(".github/**/*", "tests/**/*"),
)
UNWANTED = {"__pycache__", ".lock"}


def files(patterns: Sequence[str]) -> Iterator[str]:
    """Yield the files that match, relative to the project."""
    for pattern in patterns:
        for path in sorted(HERE.glob(pattern)):
            if path.is_file() and not UNWANTED & set(path.parts):
                yield path.relative_to(HERE).as_posix()


class BuildWithBook(build_py):
    """Build the package with the book's sources beside it."""

    def run(self) -> None:
        """Copy the book, but for an editable installation, which has it in the checkout."""
        super().run()
        if not self.editable_mode:
            for name in files(BOOK):
                target = Path(self.build_lib, "sercore_book", name)
                target.parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(name, str(target))

    def get_source_files(self) -> list[str]:
        """List what the source archive holds."""
        return [*super().get_source_files(), *files(BOOK), *files(REST)]


setup(cmdclass={"build_py": BuildWithBook})
