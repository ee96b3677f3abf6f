"""Put items to a target, keep every reply, and go on where a broken-off run stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice

from trueline.assess.progress import Progress
from trueline.assess.reply import Reply
from trueline.assess.reply_file import ReplyFile
from trueline.assess.suite_item import SuiteItem
from trueline.assess.target import Question, Target
from trueline.assess.targets.guarded import UNANSWERED, reply_of
from trueline.core.errors import UpstreamError

UNREACHED_IN_A_ROW = 20
#: Called with an item and its replies in the order drawn; True when enough is known.
Enough = Callable[[SuiteItem, Sequence[Reply]], bool]


def put_questions(
    items: Sequence[SuiteItem],
    target: Target,
    replies: ReplyFile,
    *,
    samples: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
    enough: Enough | None = None,
) -> int:
    """Ask what is not answered yet; every reply is on the disk before the next is counted.

    A fault is a reply too: it is kept, and it is not asked again by a run that goes on. Only a
    target that answers nothing at all leaves no replies behind.

    Args:
        items: in the order drawn.
        target: see `Target`.
        replies: what is there already, and where new ones go.
        samples: replies to each item.
        seed: of the run; each question has its own made from it.
        progress: told of every batch.
        enough: asked after every item, in the order drawn; the first True ends the run.

    Returns:
        How many items at the head of `items` have all their replies.

    Raises:
        UpstreamError: the target answers no more, or answered none of the questions.
    """
    progress = progress or Progress()
    questions = [
        Question(item=item.id, sample=sample, messages=item.messages,
                 seed=question_seed(seed, item.id, sample))
        for item in items for sample in range(samples)
    ]  # fmt: skip
    there = sum((question.item, question.sample) in replies for question in questions)
    progress.begin(there, len(questions))
    keeper = _Keeper(replies, target.name, progress)
    head = _Head(items, samples, replies, enough)
    if head.advance() or there == len(questions):
        if there:
            progress.say(
                f"nothing was asked: all {head.done * samples:,} replies were there; --fresh asks "
                "anew"
            )
        return head.done
    missing = (q for q in questions if (q.item, q.sample) not in replies)
    batches = iter(lambda: list(islice(missing, target.batch_size)), [])
    if target.concurrency == 1:
        for batch in batches:
            keeper.keep(_asked(target, batch))
            if head.advance():
                break
    else:
        _put_in_threads(batches, target, keeper, head)
    keeper.finish()
    head.advance()
    return head.done


def question_seed(seed: int, item: str, sample: int) -> int:
    """A seed of 31 bits for one question; the same in every run of this seed."""
    digest = hashlib.sha256(f"{seed}\n{sample}\n{item}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class _Head:
    """The items whose replies are all there, in the order drawn."""

    def __init__(
        self, items: Sequence[SuiteItem], samples: int, replies: ReplyFile, enough: Enough | None
    ) -> None:
        self._items, self._samples, self._replies = items, samples, replies
        self._enough = enough
        self.done = 0
        self._stopped = False

    def advance(self) -> bool:
        """Look at what has come; True when enough is known."""
        while not self._stopped and self.done < len(self._items):
            item = self._items[self.done]
            keys = [(item.id, sample) for sample in range(self._samples)]
            if not all(key in self._replies for key in keys):
                break
            self.done += 1
            if self._enough is not None:
                self._stopped = self._enough(item, [self._replies[key] for key in keys])
        return self._stopped


class _Keeper:
    """Writes replies down, and stops a run whose target has gone.

    Faults of `UNANSWERED` wait until another reply shows that the target is there; when too many
    come in a row it is not, and they are not written, so that a later run asks again. Nor are
    they where nothing else ever came.
    """

    def __init__(self, replies: ReplyFile, target: str, progress: Progress) -> None:
        self._replies = replies
        self._target = target
        self._progress = progress
        self._model = next((reply.model for reply in replies if reply.model), "")
        self._unreached: list[Reply] = []
        self._answered = any(reply.fault not in UNANSWERED for reply in replies)

    def keep(self, found: Sequence[Reply]) -> None:
        """Write replies down, in the order they came.

        Raises:
            UpstreamError: the target cannot be reached any more.
        """
        kept: list[Reply] = []
        for reply in found:
            if reply.fault in UNANSWERED:
                self._unreached.append(reply)
                continue
            self._answered = True
            kept += [*self._unreached, self._of_one_model(reply)]
            self._unreached = []
        self._write(kept)
        if len(self._unreached) >= UNREACHED_IN_A_ROW:
            if any(reply.fault != "connection" for reply in self._unreached):
                raise self._no_answer(" in a row")
            raise UpstreamError(
                f"no connection to {self._target}: {len(self._unreached)} questions in a row got "
                "no answer. Every reply so far is kept; run the same command again to go on"
            )

    def finish(self) -> None:
        """Write down what waited.

        Raises:
            UpstreamError: nothing but what waited ever came.
        """
        if self._unreached and not self._answered:
            raise self._no_answer()
        self._write(self._unreached)
        self._unreached = []

    def _no_answer(self, which: str = "") -> UpstreamError:
        faults = ", ".join(sorted({reply.fault for reply in self._unreached}))
        return UpstreamError(
            f"no answer from {self._target}: none of {len(self._unreached)} questions{which} got "
            f"one ({faults}). Check the address, the model's name and the key, then run the same "
            "command again"
        )

    def _write(self, kept: Sequence[Reply]) -> None:
        if kept:
            self._replies.append(kept)
            self._progress.advance(len(kept), sum(bool(reply.fault) for reply in kept))

    def _of_one_model(self, reply: Reply) -> Reply:
        self._model = self._model or reply.model
        if not reply.model or reply.model == self._model:
            return reply
        return replace(reply, fault=reply.fault or "model_changed")


def _asked(target: Target, batch: Sequence[Question]) -> list[Reply]:
    began = time.perf_counter()
    answers = target.ask(batch)
    seconds = (time.perf_counter() - began) / len(batch)
    return [reply_of(q, answer, target, seconds) for q, answer in zip(batch, answers, strict=True)]


def _put_in_threads(
    batches: Iterator[list[Question]],
    target: Target,
    keeper: _Keeper,
    head: _Head,
) -> None:
    pool = ThreadPoolExecutor(target.concurrency, thread_name_prefix="question")
    running: set[Future[list[Reply]]] = set()
    stopped = False
    try:
        while True:
            while not stopped and len(running) < target.concurrency:
                batch = next(batches, [])
                if not batch:
                    break
                running.add(pool.submit(_asked, target, batch))
            if not running:
                return
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            # What is under way when enough is known is paid for: it is kept too.
            keeper.keep([reply for future in ready for reply in future.result()])
            stopped = stopped or head.advance()
    except BaseException:
        target.close()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
