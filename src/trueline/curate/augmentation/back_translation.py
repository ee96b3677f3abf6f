"""Say a text anew by way of another language: a callable of yours, or a server you run.

Nothing is sent anywhere unless a recipe names a URL or Python passes a callable.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trueline.core.errors import UpstreamError
from trueline.curate.augmentation.draft import EntitySpan
from trueline.curate.augmentation.protect import guarded_words
from trueline.curate.words.segment import tokens
from trueline.scorers.remote_client import RequestFailed, post_json

#: Takes a text and its language (`zh`, `en`, `other`), gives the text said anew.
BackTranslate = Callable[[str, str], str]

_THROUGH = {"zh": ("English", "Chinese"), "en": ("Chinese", "English")}


@dataclass(frozen=True, slots=True)
class TranslationServer:
    """A chat model behind an OpenAI-compatible URL that translates there and back.

    The key is read from the environment variable `TRUELINE_BACK_TRANSLATION_KEY`.
    """

    url: str
    model: str
    timeout_seconds: float = 60.0

    def __call__(self, text: str, language: str) -> str:
        """The text after both ways.

        Raises:
            UpstreamError: the server did not give a usable answer.
        """
        there, back = _THROUGH.get(language, _THROUGH["en"])
        return self._translate(self._translate(text, there), back)

    def _translate(self, text: str, language: str) -> str:
        body = {
            "model": self.model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": f"Translate into {language}. Only the translation."},
                {"role": "user", "content": text},
            ],
        }
        key = os.environ.get("TRUELINE_BACK_TRANSLATION_KEY", "")
        url = f"{self.url.rstrip('/')}/chat/completions"
        try:
            reply = post_json(url, body, key=key, timeout_seconds=self.timeout_seconds)
            content = reply["choices"][0]["message"]["content"]
        except RequestFailed:
            content = None
        except (KeyError, IndexError, TypeError):
            content = None
        if not isinstance(content, str):
            raise UpstreamError(
                f"augment: no usable translation from {self.url} (model {self.model!r})\n"
                "  start the server, or take back_translation out of `operations`"
            )
        return content


def keeps_guarded_words(before: str, after: str, terms: frozenset[str]) -> bool:
    """Whether negations, numbers and label-bearing terms are as many as before."""
    return Counter(guarded_words(tokens(before), terms)) == Counter(
        guarded_words(tokens(after), terms)
    )


def find_again(
    before: str, spans: Sequence[EntitySpan], after: str
) -> tuple[EntitySpan, ...] | None:
    """The spans in the new text, when each entity's text is there exactly once; else None."""
    found: list[EntitySpan] = []
    for span in spans:
        entity = before[span.start : span.end]
        start = after.find(entity)
        if not entity or start < 0 or after.find(entity, start + 1) >= 0:
            return None
        found.append(EntitySpan(start, start + len(entity), span.label))
    if len({span.start for span in found}) != len(spans):
        return None
    return tuple(found)
