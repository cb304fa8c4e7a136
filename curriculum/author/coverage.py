"""Which parts of the curriculum's promise have an exercise, and which are to come.

What is promised is data: ``curriculum/covers.toml``. What is there is read from the manifests.
"""

import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final, get_args

from pydantic import BaseModel, ConfigDict

from curriculum.checker.manifest import Manifest, SkillArea

PROMISE_FILE: Final = Path(__file__).parents[1] / "covers.toml"
LEVELS: Final = range(1, 6)


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Topics(_View):
    """One list of what the curriculum covers.

    Attributes
    ----------
    items
        Id → words for people.
    """

    id: str
    title: str
    items: dict[str, str]


class Promise(_View):
    """What the curriculum promises.

    Attributes
    ----------
    components
        Word that a manifest's component begins with → what belongs to it.
    ml_test_score
        Section → its seven tests.
    """

    topics: tuple[Topics, ...]
    components: dict[str, str]
    ml_test_score: dict[str, tuple[str, ...]]

    @property
    def ids(self) -> frozenset[str]:
        """Return all ids that a manifest may name under `covers`."""
        return frozenset(each for topics in self.topics for each in topics.items)

    @property
    def tests(self) -> tuple[str, ...]:
        """Return the 28 tests as manifests write them, ``Data 1: …``."""
        return tuple(
            f"{section} {number}: {words}"
            for section, tests in self.ml_test_score.items()
            for number, words in enumerate(tests, start=1)
        )


class Item(_View):
    """One promise, and the exercises that keep it."""

    id: str
    words: str
    slugs: tuple[str, ...]


class Section(_View):
    """One list of promises."""

    title: str
    items: tuple[Item, ...]

    @property
    def to_come(self) -> tuple[Item, ...]:
        """Return those that no exercise keeps yet."""
        return tuple(item for item in self.items if not item.slugs)


class Coverage(_View):
    """What is there, list by list.

    Attributes
    ----------
    skills
        Area → number of exercises that evidence each level, 1 to 5.
    """

    components: Section
    ml_test_score: Section
    topics: tuple[Section, ...]
    skills: dict[str, tuple[int, ...]]

    @property
    def sections(self) -> tuple[Section, ...]:
        """Return the lists that have something to come."""
        return (self.components, self.ml_test_score, *self.topics)


@cache
def load_promise(path: Path = PROMISE_FILE) -> Promise:
    """Read what the curriculum promises."""
    return Promise.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def measure_coverage(manifests: Iterable[Manifest], promise: Promise | None = None) -> Coverage:
    """Find the exercises for every promise."""
    found, promise = tuple(manifests), promise or load_promise()
    return Coverage(
        components=Section(
            title="Components of the system",
            items=tuple(
                _item(word, words, (m for m in found if word in find_components(m.component)))
                for word, words in promise.components.items()
            ),
        ),
        ml_test_score=Section(
            title="The ML Test Score",
            items=tuple(_cover_test(test, found) for test in promise.tests),
        ),
        topics=tuple(_cover_topics(topics, found) for topics in promise.topics),
        skills={
            area: tuple(sum(each.skills.get(area) == level for each in found) for level in LEVELS)
            for area in get_args(SkillArea)
        },
    )


def find_components(component: str, promise: Promise | None = None) -> tuple[str, ...]:
    """Return the components that a manifest's words name before their colon."""
    named = component.partition(":")[0]
    return tuple(word for word in (promise or load_promise()).components if word in named)


def _cover_topics(topics: Topics, manifests: Sequence[Manifest]) -> Section:
    items = tuple(
        _item(each, words, (m for m in manifests if each in m.covers))
        for each, words in topics.items.items()
    )
    return Section(title=topics.title, items=items)


def _cover_test(test: str, manifests: Sequence[Manifest]) -> Item:
    name, _, words = test.partition(": ")
    found = (m for m in manifests if any(t.partition(":")[0] == name for t in m.ml_test_score))
    return _item(name, words, found)


def _item(id_: str, words: str, manifests: Iterable[Manifest]) -> Item:
    return Item(id=id_, words=words, slugs=tuple(each.slug for each in manifests))
