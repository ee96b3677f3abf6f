"""jieba, loaded when the first Chinese text needs it, and quietly.

jieba (MIT licence, frozen since 2020) prints while it loads, warns under newer Pythons and
keeps a cache in the shared temporary folder that it trusts blindly. Here its dictionary is
read anew by each process (about a second) and nothing is written anywhere.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from trueline.core.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable


def cut(text: str) -> Iterator[str]:
    """Pieces of a text that join to the text again: words, marks, runs of white space."""
    pieces: Iterable[str] = _segmenter().cut(text)
    yield from pieces


def cut_with_flags(text: str) -> Iterator[tuple[str, str]]:
    """The same pieces, each with jieba's own part-of-speech flag (ICTCLAS: n, v, ns, ...)."""
    for pair in _tagger().cut(text):
        yield pair.word, pair.flag


@cache
def _segmenter() -> Any:
    jieba = _import("jieba")
    segmenter = jieba.Tokenizer()
    # What `initialize` does without its cache file; it would unmarshal a file of /tmp.
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter


@cache
def _tagger() -> Any:
    posseg = _import("jieba.posseg")
    return posseg.POSTokenizer(_segmenter())


def _import(name: str) -> Any:
    try:
        with warnings.catch_warnings():  # invalid escapes and pkg_resources, once at import
            warnings.simplefilter("ignore")
            module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != "jieba":
            raise
        raise MissingExtraError("Chinese segmentation", "jieba", "curate") from None
    logging.getLogger("jieba").setLevel(logging.WARNING)
    return module
