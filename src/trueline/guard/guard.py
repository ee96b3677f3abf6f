"""The run-time around a Judge: decide on prompts and replies as they come.

>>> from trueline.core.policy_file import policy_from_template
>>> from trueline.judge import Judge
>>> from trueline.scorers.pii import PiiScorer
>>> guard = Guard(Judge(policy_from_template("default"), [PiiScorer()]))
>>> decision = guard.check_prompt([{"role": "user", "content": "I am at ann@example.org"}])
>>> decision.blocked, decision.request["messages"][0]["content"]
(False, 'I am at [EMAIL]')

Nothing here raises for any text. A failure of a scorer fails open or closed as the policy's
`on_error` says, and the verdict names it in `faults`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trueline.core.records import Action, Context, Verdict
from trueline.guard.cascade import Cascade
from trueline.guard.hold_back import HoldBack
from trueline.guard.joined_turns import judge_together
from trueline.guard.json_text import join_surrogates
from trueline.guard.masking import Mask
from trueline.guard.memory import VerdictCache
from trueline.guard.messages import ChatText, Path, chat_texts, with_texts
from trueline.guard.replies import FAULT, reply_language, safe_reply
from trueline.guard.rewriting import rewritten, withdrawn
from trueline.guard.stream import ReplyStream
from trueline.judge import Judge, redact

# An operator's own instructions are instructions; they are judged for all else.
_INSTRUCTION_CATEGORIES = frozenset({"prompt_injection", "context_leak"})
_OPERATORS = ("system", "developer")
# Longer texts are judged anew each time rather than remembered; they are rare.
MAX_CACHED_CHARACTERS = 50_000


@dataclass(frozen=True, slots=True)
class TextVerdict:
    """The verdict on one text of a request or a reply, and where the text stands.

    `text` is what was judged; `is_newest` is false for what stands before the newest turn.
    """

    where: str
    speaker: str
    verdict: Verdict
    text: str = ""
    is_newest: bool = True


@dataclass(frozen=True, slots=True)
class PromptDecision:
    """What happens to a request.

    `request` is what may go to the model: masked, redacted, with earlier violations
    withdrawn; the very same content in shadow mode. `safe_reply` is the answer to give when
    `blocked`. `mask` holds the values that the reply gets back.
    """

    action: Action
    findings: tuple[TextVerdict, ...]
    request: Mapping[str, Any]
    language: str
    policy_hash: str
    safe_reply: str = ""
    mask: Mask | None = None
    shadow: bool = False

    @property
    def blocked(self) -> bool:
        """True when the request must not go to the model."""
        return self.action >= Action.BLOCK and not self.shadow

    @property
    def verdict(self) -> Verdict:
        """The strictest verdict; that of the newest text when several are equal."""
        best = max(reversed(self.findings), key=lambda item: item.verdict.action)
        return best.verdict

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories found anywhere in the request, each once, strictest first."""
        return _categories(self.findings)

    @property
    def faults(self) -> tuple[str, ...]:
        """Scorers that failed on any text."""
        names = (name for item in self.findings for name in item.verdict.faults)
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class ReplyDecision:
    """What happens to one text of a reply: `text` is what may be delivered."""

    action: Action
    text: str
    verdict: Verdict
    shadow: bool = False

    @property
    def blocked(self) -> bool:
        """True when `text` is the safe reply in place of what the model said."""
        return self.action >= Action.REWRITE and not self.shadow


class Guard:
    """Holds prompts, replies and streams against a Judge's policy. Thread-safe.

    Args:
        judge: policy and scorers.
        shadow: decide and report, change nothing.
        cache: verdicts of texts seen before; share one between guards of one policy.
    """

    def __init__(
        self, judge: Judge, *, shadow: bool = False, cache: VerdictCache | None = None
    ) -> None:
        self.judge = judge
        self.policy = judge.policy
        self.shadow = shadow
        self.cache = cache or VerdictCache()
        self._cascade = Cascade(judge)
        self._hold_back = HoldBack(judge, self._cascade.quick)
        self._reads_history = any(
            getattr(scorer, "reads_history", not type(scorer).__module__.startswith("trueline."))
            for scorer in judge.scorers
        )
        self._scope = f"{judge.policy.hash} {[scorer.name for scorer in judge.scorers]}"

    @property
    def waits(self) -> bool:
        """True when a check may wait for another server: call it from a thread."""
        return bool(self._cascade.slow)

    def close(self) -> None:
        """Free the threads of slow scorers."""
        self._cascade.close()

    def check_prompt(
        self,
        request: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        context: Context | None = None,
    ) -> PromptDecision:
        """Decide on a chat request, or on its list of messages.

        Every text is judged: messages of all roles, parts, tool calls and results, tool
        definitions. What stands before the newest turn and would be blocked is withdrawn
        from the request, so a conversation can go on after one bad turn; the newest turn,
        the operator's messages and the definitions decide whether the request is blocked.
        Turns are also read together, against a text split over several.

        Raises:
            InputError: the request has a wrong shape; the message names the field.
        """
        body: Mapping[str, Any] = (
            request if isinstance(request, Mapping) else {"messages": list(request)}
        )
        base = context or Context()
        items = chat_texts(body)
        newest_from = _newest_turn(body["messages"])
        verdicts = self._judge_all(items, newest_from, base)
        quick = self._cascade.quick
        together = judge_together(self.judge, quick, items, verdicts, newest_from, base)
        verdicts = [together.get(index, verdict) for index, verdict in enumerate(verdicts)]
        masking = self.policy.masking
        mask = Mask.avoiding(item.text for item in items) if masking.enabled else None
        changes: dict[Path, str] = {}
        action = Action.ALLOW
        for item, verdict in zip(items, verdicts, strict=True):
            earlier = _is_earlier(item, newest_from) and item.editable
            action = max(action, min(verdict.action, Action.REDACT) if earlier else verdict.action)
            if earlier and verdict.action >= Action.BLOCK:
                changes[item.path] = withdrawn(item)
            elif item.editable:
                text = rewritten(item, verdict, mask, masking.categories)
                if text != item.text:
                    changes[item.path] = text
            elif verdict.action >= Action.REDACT:
                action = Action.BLOCK  # a name that others refer to cannot be redacted
        findings = tuple(
            TextVerdict(
                item.where, item.speaker, verdict, item.judged_text, item.message >= newest_from
            )
            for item, verdict in zip(items, verdicts, strict=True)
        )
        if not findings:
            findings = (TextVerdict("messages", "user", self.judge.grade("", [], base)),)
        language = base.language or reply_language([i.text for i in items if i.speaker == "user"])
        return PromptDecision(
            action=action,
            findings=findings,
            request=body if self.shadow or not changes else with_texts(body, changes),
            language=language,
            policy_hash=self.policy.hash,
            safe_reply=self.safe_reply(_categories(findings), language, findings)
            if action >= Action.BLOCK
            else "",
            mask=None if self.shadow or not mask else mask,
            shadow=self.shadow,
        )

    def check_reply(self, text: str, context: Context | None = None) -> ReplyDecision:
        """Decide on a whole reply."""
        base = replace(context or Context(), role="reply")
        verdict = self.judge_text(join_surrogates(text), base)
        deliver = text
        if not self.shadow and verdict.action >= Action.REWRITE:
            language = base.language or reply_language([*base.history, text])
            deliver = self.safe_reply_for(verdict, language)
        elif not self.shadow:
            deliver = verdict.redacted_text
        return ReplyDecision(verdict.action, deliver, verdict, self.shadow)

    def open_reply(self, context: Context | None = None, *, whole: bool = False) -> ReplyStream:
        """Start a reply that comes in pieces, or in one piece when `whole`.

        A policy whose slow scorers judge replies holds each reply back whole: they read
        the whole text, so nothing is certain before its end.
        """
        base = replace(context or Context(), role="reply")
        return ReplyStream(
            self.judge,
            base,
            final=self.judge_text,
            hold_back=self._hold_back,
            hold_whole=whole or self._cascade.needs_slow(base),
            shadow=self.shadow,
        )

    def judge_text(self, text: str, context: Context) -> Verdict:
        """The verdict on one text: cheap scorers first, within the time budget."""
        return self._cascade.judge_text(text, context)

    def safe_reply_for(self, verdict: Verdict, language: str) -> str:
        """What to answer in place of a text with this verdict."""
        return self.safe_reply(
            verdict.categories, language, (TextVerdict("", "assistant", verdict),)
        )

    def safe_reply(
        self, categories: Sequence[str], language: str, findings: Sequence[TextVerdict] = ()
    ) -> str:
        """What to answer in place of a blocked text."""
        blocking = [
            score
            for item in findings
            for score in item.verdict.scores
            if score.action >= Action.REWRITE
        ]
        if blocking and all(score.fault for score in blocking):
            return FAULT.pick(language)
        names = list(dict.fromkeys(s.category for s in blocking if not s.fault)) or categories
        return safe_reply(names, language, self.policy)

    def _judge_all(
        self, items: Sequence[ChatText], newest_from: int, base: Context
    ) -> list[Verdict]:
        history = tuple(item.text for item in items if _is_earlier(item, newest_from))
        verdicts: list[Verdict] = []
        for item in items:
            earlier = _is_earlier(item, newest_from)
            seen = history if self._reads_history and not earlier else base.history
            context = replace(base, role=item.role, history=seen)
            verdicts.append(self._remembered(item, context, slow=not earlier))
        return verdicts

    def _remembered(self, item: ChatText, context: Context, *, slow: bool) -> Verdict:
        text = item.judged_text
        operator = item.speaker in _OPERATORS
        if len(text) > MAX_CACHED_CHARACTERS:
            return self._judge_item(text, context, operator, slow=slow)
        slow = slow and self._cascade.needs_slow(context)
        key = self.cache.key(text, context, f"{self._scope} {operator} {slow}")
        known = self.cache.get(key, text)
        if known is None:
            known = self._judge_item(text, context, operator, slow=slow)
            self.cache.put(key, known)
        return known

    def _judge_item(self, text: str, context: Context, operator: bool, *, slow: bool) -> Verdict:
        verdict = self._cascade.judge_text(text, context, slow=slow)
        if not operator:
            return verdict
        kept = tuple(s for s in verdict.scores if s.category not in _INSTRUCTION_CATEGORIES)
        strict = max((score.action for score in kept), default=Action.ALLOW)
        return replace(verdict, action=strict, scores=kept, redacted_text=redact(text, kept))


def _newest_turn(messages: Sequence[Mapping[str, Any]]) -> int:
    """Index of the first message after the last assistant message that was answered."""
    for index in range(len(messages) - 2, -1, -1):
        if messages[index].get("role") == "assistant":
            return index + 1
    return 0


def _is_earlier(item: ChatText, newest_from: int) -> bool:
    return 0 <= item.message < newest_from and item.speaker not in _OPERATORS


def _categories(findings: Sequence[TextVerdict]) -> tuple[str, ...]:
    scores = [
        score for item in findings for score in item.verdict.scores if score.action > Action.ALLOW
    ]
    scores.sort(key=lambda score: -score.action)
    return tuple(dict.fromkeys(score.category for score in scores))
