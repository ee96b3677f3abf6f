"""What a guard remembers: verdicts by digest of the text.

The gateway is stateless: a client sends the whole conversation every time. Turns already
judged are found here by a keyed digest, so each costs one hash. Nothing of a text is kept:
an entry holds the verdict without its redacted text, which is made again from the spans.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import replace
from secrets import token_bytes

from trueline.core.records import Context, Verdict
from trueline.judge import redact

# 4,096 verdicts without text take about 4 MB.
CACHE_ENTRIES = 4096


class VerdictCache:
    """Least-recently-used verdicts, safe to share between threads.

    Args:
        entries: how many are kept.
    """

    def __init__(self, entries: int = CACHE_ENTRIES) -> None:
        self._entries = entries
        self._verdicts: OrderedDict[bytes, Verdict] = OrderedDict()
        self._lock = threading.Lock()
        self._key = token_bytes(16)  # digests mean nothing outside of this process
        self.hits = 0
        self.misses = 0

    def key(self, text: str, context: Context, scope: str) -> bytes:
        """Digest of all that a verdict depends on; `scope` names policy and scorers."""
        digest = hashlib.blake2b(key=self._key, digest_size=16)
        attributes = sorted(context.attributes.items())
        for part in (scope, context.role, context.language, repr(attributes), *context.history):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.digest()

    def get(self, key: bytes, text: str) -> Verdict | None:
        """The verdict of `text`, or None."""
        with self._lock:
            verdict = self._verdicts.get(key)
            if verdict is None:
                self.misses += 1
                return None
            self.hits += 1
            self._verdicts.move_to_end(key)
        return replace(verdict, redacted_text=redact(text, verdict.scores))

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Keep a verdict, unless a scorer failed: then it must be tried again."""
        if verdict.faults:
            return
        with self._lock:
            self._verdicts[key] = replace(verdict, redacted_text="")
            self._verdicts.move_to_end(key)
            while len(self._verdicts) > self._entries:
                self._verdicts.popitem(last=False)
