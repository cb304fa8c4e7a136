"""The words of a text column: which are read, how they are written, and how often a text has each.

A text is cut at blanks, and each piece is looked up in a list of written forms, which leads from
``Free``, ``FREE!`` and ``(free`` to one word. All folding of case and punctuation happens when that
list is made; counting is cutting and looking up, which two standard ONNX operators (StringSplit,
TfIdfVectorizer) do in exactly the same way, whatever the machine's language settings are.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

MAX_WORDS: Final = 1000
"""Words that are read in all text columns of a dataset together."""

MAX_COUNTS: Final = 100_000_000
"""Rows times words: with more rows than fit in, fewer words are read. A count takes 4 bytes."""

MIN_TEXTS: Final = 2
"""A word of fewer texts is not read: nothing general can be learned of it."""

_MAX_LEARNED: Final = 200_000  # texts that the words are taken from, spread evenly over all
_MAX_SEEN_FORMS: Final = 30  # of one word, the most frequent
_ROWS_AT_ONCE: Final = 10_000
_EDGES: Final = re.compile(r"^\W+|\W+$")
_BEFORE: Final = ("", "(", '"')
_AFTER: Final = ("", ".", ",", "!", "?", ":", ";", ")", '"')


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words that are read in one text column.

    Attributes
    ----------
    words : tuple of str
        From the most frequent on.
    forms : tuple of (str, int)
        Each written form and the place of its word, in the order of the forms.
    """

    words: tuple[str, ...]
    forms: tuple[tuple[str, int], ...]

    def count(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return how often each of n texts has each word, shape (n, n_words)."""
        width = len(self.words)
        counts = np.zeros((len(texts), width), dtype=np.float32)
        place_of = dict(self.forms)
        for start in range(0, len(texts), _ROWS_AT_ONCE) if width else ():
            some = texts[start : start + _ROWS_AT_ONCE]
            found = [
                row * width + place
                for row, text in enumerate(some)
                for piece in cut(text)
                if (place := place_of.get(piece)) is not None
            ]
            flat = np.bincount(np.array(found, dtype=np.int64), minlength=len(some) * width)
            counts[start : start + len(some)] = flat.reshape(len(some), width)
        return counts


@dataclass(frozen=True)
class _Seen:
    """What was seen in the texts of one column."""

    texts_with: Counter[str]
    forms_of: dict[str, Counter[str]]

    @cached_property
    def ranked(self) -> list[str]:
        """Words by how many texts have them; ties by name, so that row order changes nothing."""
        known = [word for word, texts in self.texts_with.items() if texts >= MIN_TEXTS]
        return sorted(known, key=lambda word: (-self.texts_with[word], word))


def cut(text: str) -> list[str]:
    """Return the pieces of a text between blanks; other white space is part of a piece."""
    return [piece for piece in text.split(" ") if piece]


def fold(piece: str) -> str:
    """Return the word that a piece is a form of: without case, and without punctuation at its ends.

    A piece of punctuation alone (a smile, an exclamation mark) stands for itself.
    """
    return _EDGES.sub("", piece.casefold()) or piece


def learn_lexicons(columns: Sequence[Sequence[str]], *, rows: int) -> tuple[Lexicon, ...]:
    """Choose the words to read in each text column: those that most texts have.

    Parameters
    ----------
    columns : sequence of sequence of str
        The texts of the training rows, one sequence for each column.
    rows : int
        How many rows will be counted in at most.
    """
    most = min(MAX_WORDS, MAX_COUNTS // max(rows, 1)) // max(len(columns), 1)
    return tuple(_choose(_look(texts), most) for texts in columns)


def _look(texts: Sequence[str]) -> _Seen:
    step = -(-len(texts) // _MAX_LEARNED) if texts else 1
    word_of: dict[str, str] = {}
    texts_with: Counter[str] = Counter()
    pieces: Counter[str] = Counter()
    for text in texts[::step]:
        found = cut(text)
        pieces.update(found)
        for piece in found:
            if piece not in word_of:
                word_of[piece] = fold(piece)
        texts_with.update({word_of[piece] for piece in found})
    forms_of: dict[str, Counter[str]] = defaultdict(Counter)
    for piece, times in pieces.items():
        forms_of[word_of[piece]][piece] = times
    return _Seen(texts_with, forms_of)


def _choose(seen: _Seen, most: int) -> Lexicon:
    words = tuple(seen.ranked[:most])
    forms = {
        form: place
        for place, word in enumerate(words)
        for form in (*_list_likely(word), *_list_frequent(seen.forms_of[word]))
    }
    return Lexicon(words, tuple(sorted(forms.items())))


def _list_likely(word: str) -> Iterable[str]:
    """Return ways to write a word that no training text needs to hold."""
    written = (
        f"{before}{cased}{after}"
        for cased in (word, word.capitalize(), word.upper())
        for before in _BEFORE
        for after in _AFTER
    )
    return (form for form in written if fold(form) == word)


def _list_frequent(forms: Counter[str]) -> list[str]:
    return sorted(forms, key=lambda form: (-forms[form], form))[:_MAX_SEEN_FORMS]
