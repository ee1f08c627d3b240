"""Words by people, numbers by the ledger: what a page's text names between double braces.

``{{ alves2022.clean_low | f(2) }}`` is a value of the paper in that folder, here with two decimals;
``Paper.quoted`` says which there are. ``{{ alves2022.rests(A4="fails") }}`` writes nothing, and
refuses the text once claim A4 has another mark than the one that the words beside it rest on;
``equal`` does so once numbers differ that a word such as "all" needs to be the same.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, cached_property
from numbers import Real

from jinja2 import Environment, StrictUndefined, TemplateError, Undefined

from sercore.ledger import claims as judging
from sercore.ledger.entries import Ledger, tally
from sercore.ledger.paper import Paper

PERCENT = re.compile(r"(?<=\d) %")
MARKUP = re.compile(r"([\\`*_\[\]<>&$|~{}])")  # signs that mean something in Markdown


class Markdown(str):
    """Markup that is meant, as a filter gives it."""


class ProseError(ValueError):
    """A text that names a number that there is not, or rests on a mark that has changed."""


class Values:
    """Numbers and marks of one paper, as a text names them.

    Args:
        paper: paper whose numbers these are.
        claims: function that gives the paper's claims.
    """

    def __init__(self, paper: Paper, claims: Callable[[], Sequence[judging.Claim]]) -> None:
        self._paper, self._claims = paper, claims

    @cached_property
    def ledger(self) -> Ledger:
        """Ledger of the paper, read once."""
        return Ledger(self._paper)

    @cached_property
    def _numbers(self) -> Mapping[str, object]:
        counts = {word.replace(" ", "_"): count for word, count in tally(self.ledger).items()}
        about = {"printed": len(self.ledger.printed)} | counts
        try:
            return about | dict(self._paper.quoted(self.ledger))
        except Exception as error:  # an AttributeError would be taken for a missing name
            raise ProseError(f"{self._paper.folder}.quoted failed: {error!r}") from error

    def __getattr__(self, name: str) -> object:
        """Return the number of that name."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._numbers:
            advice = "there are " + ", ".join(f"`{known}`" for known in sorted(self._numbers))
            if near := get_close_matches(name, self._numbers, n=1):
                advice = f"did you mean `{near[0]}`?"
            raise ProseError(f"`{self._paper.folder}.{name}`: no such number; {advice}")
        return self._numbers[name]

    def rests(self, **marks: str) -> str:
        """Return nothing; refuse a text whose words rest on marks that are others today.

        Args:
            marks: mark of each claim by its name: one word, or "inconclusive/fails" where the
                paper's protocol and the clean one differ.
        """
        if not marks:
            raise ProseError("`rests` without a claim checks nothing; name one and its mark")
        claims = {claim.name: claim for claim in self._claims()}
        for name, mark in marks.items():
            if name not in claims:
                raise ProseError(f"claim {name}: no such claim; there are {', '.join(claims)}")
            ((_, judgement),) = judging.judged(self.ledger, [claims[name]])
            today = "/".join(dict.fromkeys((judgement.published, judgement.clean)))
            if today != mark:
                raise ProseError(
                    f"claim {name}: the words rest on its mark {mark!r}, which is {today!r} today. "
                    "Read the sentence again, and change its words or its mark"
                )
        return ""

    def equal(self, *names: str) -> str:
        """Return nothing; refuse a text whose words ("all", "none other") need numbers to be equal.

        Args:
            names: names of the numbers.
        """
        if len(names) < 2:
            raise ProseError("`equal` with fewer than two names checks nothing; name both numbers")
        numbers = {name: getattr(self, name) for name in names}
        if len(set(numbers.values())) > 1:
            listed = ", ".join(f"{name} is {value}" for name, value in numbers.items())
            raise ProseError(f"the words need equal numbers, and {listed}. Read the sentence again")
        return ""


def span(name: str, values: Iterable[float]) -> dict[str, float]:
    """Name the lowest and the highest of several numbers, ``…_low`` and ``…_high``."""
    numbers = list(values)
    return {f"{name}_low": min(numbers), f"{name}_high": max(numbers)}


def fill(text: str, values: Mapping[str, object], *, where: str) -> str:
    """Put numbers in the places of their names; no line breaks between a number and its ``%``.

    Args:
        text: Markdown.
        values: what the text can name: ``Values`` by the paper's folder, and plain numbers.
        where: name of the page, for the message.

    Raises:
        ProseError: a name that stands for nothing, or a mark that has changed.
    """
    try:
        text = _environment().from_string(text).render(values)
    except (ProseError, TemplateError, TypeError, ValueError) as error:
        end = "" if str(error).endswith((".", "?")) else "."
        raise ProseError(f"{where}: {error}{end}") from None
    return PERCENT.sub("\N{NO-BREAK SPACE}%", text)


@cache
def _environment() -> Environment:
    environment = Environment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=_printable,
        comment_start_string="{##",  # "{#" begins an anchor in Markdown
    )
    environment.globals.clear()
    environment.filters |= {
        "f": lambda value, digits=0: f"{_finite(value):,.{digits}f}".replace("-", "−"),
        "signed": lambda value, digits=0: f"{_finite(value):+.{digits}f}".replace("-", "−"),
        "code": lambda text: Markdown(f"`{str(text).replace('`', ' ')}`"),
        "or_none": lambda value: f"{_finite(value):,}" if value else "none",
        "percent": lambda value, digits=0: f"{100 * _finite(value):.{digits}f} %",
    }
    return environment


def _printable(value: object) -> object:
    """Refuse what is no number and no word, such as a method without its parentheses.

    A word is data, such as the name of somebody's folder: nothing in it is markup.
    """
    if isinstance(value, Markdown):
        return value
    if isinstance(value, str):
        return MARKUP.sub(r"\\\1", value)
    return _finite(value)


def _finite(value: object) -> float:
    if isinstance(value, Undefined):
        str(value)  # says which name it is
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ProseError(f"{value!r} is no finite number")
    return value
