"""`distil`: a small model learns from a large one: its answers, its states, its attention.

    logits       T^2 x KL(teacher || student) of the softened answers; for several labels at once
                 the same of each label's two answers       Hinton, Vinyals & Dean (2015)
    hidden       how alike the tokens of a text are to each other, so that the widths of the two
                 may differ                                  Tung & Mori (2019); Park et al. (2019)
    attention    KL of attention, averaged over heads, so that their numbers may differ
                                                             Wang et al. (2020), MiniLM

The teacher is a finished run of the same task with the same tokenizer and labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from trueline.core.errors import InputError
from trueline.train.modifier import LoopState, Modifier
from trueline.train.modifiers.matrices import layer_lists, self_attention
from trueline.train.modifiers.options import ModifierOptions
from trueline.train.setup import Setup
from trueline.train.task import Batch, Loss, Task
from trueline.train.weights import bare

_TINY = 1e-9


class DistilOptions(ModifierOptions):
    """Learn from a teacher."""

    modifier: Literal["distil"] = "distil"
    teacher: str = Field(min_length=1, description="Folder of a finished run: the teacher.")
    logits: float = Field(default=0.5, ge=0, le=100, description="Weight of the answers' part.")
    hidden: float = Field(default=0.0, ge=0, le=100, description="Weight of the states' part.")
    attention: float = Field(default=0.0, ge=0, le=100, description="Weight of attention's part.")
    task_share: float = Field(
        default=0.5, ge=0, le=100, description="Weight of the task's own loss."
    )
    temperature: float = Field(default=2.0, gt=0, le=100, description="Softens both answers.")

    def build(self, setup: Setup) -> Distil:
        if self.logits == self.hidden == self.attention == 0:
            raise InputError(
                "modifiers.distil: logits, hidden and attention are all 0, so that nothing is "
                "learned from the teacher. Give one of them a weight"
            )
        from trueline.train.artifact import load_artifact

        artifact = load_artifact(self.teacher)
        if artifact.tokenizer.get_vocab() != setup.tokenizer.get_vocab():
            raise InputError(
                f"modifiers.distil.teacher: {self.teacher} has another tokenizer. Set "
                f"tokenizer.folder to {Path(self.teacher)} so that both read the same tokens"
            )
        return Distil(self, artifact.task, artifact.model)


class Distil(Modifier):
    """The modifier at work.

    Args:
        task: the teacher's; its outputs must mean the same as the student's.
        teacher: is not trained and not saved.
    """

    name = "distil"

    def __init__(self, options: DistilOptions, task: Task, teacher: nn.Module) -> None:
        self.options, self.task = options, task
        self.teacher = teacher.eval().requires_grad_(False)

    def wrap_model(self, model: nn.Module, task: Task) -> nn.Module:
        if task.name != self.task.name or dict(task.facts).get("labels") != dict(
            self.task.facts
        ).get("labels"):
            raise InputError(
                f"modifiers.distil.teacher: {self.options.teacher} does another task "
                f"({self.task.name}) or has other labels than the recipe ({task.name}). Train the "
                "teacher on the same rows"
            )
        if self.options.attention > 0:
            for one in (model, self.teacher):
                _show_attention(one)
        if self.options.hidden > 0 or self.options.attention > 0:
            for one in (model, self.teacher):
                _layers(one)
        return model

    def on_start(self, state: LoopState) -> None:
        self.teacher.to(state.device)
        if self.options.hidden > 0 or self.options.attention > 0:
            self._record = _Recorder(bare(state.model))
            self._record_teacher = _Recorder(self.teacher)

    def on_batch(self, state: LoopState, batch: Batch) -> Batch:
        if self.options.hidden > 0 or self.options.attention > 0:
            self._record.begin()
        return batch

    def on_loss(self, state: LoopState, batch: Batch, loss: Loss) -> Tensor:
        options = self.options
        deep = options.hidden > 0 or options.attention > 0
        student = self._record.end() if deep else _Seen()
        with torch.no_grad():
            if deep:
                self._record_teacher.begin()
                told = self.task.loss(self.teacher, batch).logits
                teacher = self._record_teacher.end()
            else:
                told, teacher = self.task.loss(self.teacher, batch).logits, _Seen()
        total = options.task_share * loss.total
        if options.logits > 0:
            if loss.logits is None or told is None:
                raise InputError(
                    f"modifiers.distil: the task {state.task.name} shows no logits. Set logits=0 "
                    "and give hidden a weight"
                )
            multi = bool(getattr(getattr(self.task, "options", None), "multi_label", False))
            part = answers_apart(loss.logits, told, options.temperature, multi, _known(batch, told))
            state.logged["distil_logits"] = float(part.detach())
            total = total + options.logits * part
        mask = batch.get("attention_mask")
        if options.hidden > 0:
            part = _over_layers(student.hidden, teacher.hidden, mask, states_apart)
            state.logged["distil_hidden"] = float(part.detach())
            total = total + options.hidden * part
        if options.attention > 0:
            part = _over_layers(student.attention, teacher.attention, mask, attention_apart)
            state.logged["distil_attention"] = float(part.detach())
            total = total + options.attention * part
        return total

    def finish(self, state: LoopState) -> Mapping[str, Any]:
        parts = {"logits": self.options.logits, "hidden": self.options.hidden,
                 "attention": self.options.attention, "task": self.options.task_share}  # fmt: skip
        return {
            "teacher": Path(self.options.teacher).name,
            "teacher_parameters": sum(p.numel() for p in self.teacher.parameters()),
            "weights": parts,
        }


def answers_apart(
    student: Tensor, teacher: Tensor, temperature: float, multi_label: bool, known: Tensor | None
) -> Tensor:
    """T^2 x KL(teacher || student), mean over answers; nats.

    Args:
        student: float [..., outputs].
        teacher: as the student's.
        temperature: softens both.
        multi_label: each output is an answer of its own.
        known: [...] True where an answer counts; all when None.
    """
    a, b = student.float() / temperature, teacher.float() / temperature
    if multi_label:
        # Of each label the two answers: present or not.
        a, b = torch.stack([a, -a], -1), torch.stack([b, -b], -1)
        a, b = functional.logsigmoid(a), functional.logsigmoid(b)
        each = (b.exp() * (b - a)).sum(-1).mean(-1)
    else:
        a, b = a.log_softmax(-1), b.log_softmax(-1)
        each = (b.exp() * (b - a)).sum(-1)
    if known is None or known.shape != each.shape:
        return temperature**2 * each.mean()
    counted = known.to(each.dtype)
    return temperature**2 * (each * counted).sum() / counted.sum().clamp_min(1)


def states_apart(student: Tensor, teacher: Tensor, mask: Tensor | None) -> Tensor:
    """Mean squared difference between the cosine similarities of tokens; 0 to 4.

    Args:
        student: float [batch, time, width].
        teacher: the same; its width may differ.
        mask: [batch, time] 1 on tokens; all when None.
    """
    a, b = (functional.normalize(x.float(), dim=-1) for x in (student, teacher))
    apart = (a @ a.transpose(1, 2) - b @ b.transpose(1, 2)).pow(2)
    pairs = _pairs(apart, mask)
    return (apart * pairs).sum() / pairs.sum().clamp_min(1)


def attention_apart(student: Tensor, teacher: Tensor, mask: Tensor | None) -> Tensor:
    """KL(teacher || student) of attention averaged over heads, mean over tokens; nats.

    Args:
        student: float [batch, heads, time, time].
        teacher: the same; its number of heads may differ.
        mask: [batch, time] 1 on tokens; all when None.
    """
    a, b = student.float().mean(1), teacher.float().mean(1)
    each = (b * ((b + _TINY).log() - (a + _TINY).log())).sum(-1)
    if mask is None:
        return each.mean()
    return (each * mask).sum() / mask.sum().clamp_min(1)


class _Seen:
    """States and attention of each layer, in their order."""

    def __init__(self) -> None:
        self.hidden: list[Tensor] = []
        self.attention: list[Tensor] = []


class _Recorder:
    """Keeps what the layers of a model gave between `begin` and `end`."""

    def __init__(self, model: nn.Module) -> None:
        self._seen: _Seen | None = None
        for layer in _layers(model):
            layer.register_forward_hook(self._state)
            attention = self_attention(layer)
            if attention is not None:
                attention.register_forward_hook(self._attention)

    def begin(self) -> None:
        self._seen = _Seen()

    def end(self) -> _Seen:
        seen, self._seen = self._seen, None
        return seen or _Seen()

    def _state(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if self._seen is not None:
            self._seen.hidden.append(output[0] if isinstance(output, tuple) else output)

    def _attention(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if self._seen is not None and isinstance(output, tuple) and output[1] is not None:
            self._seen.attention.append(output[1])


def _layers(model: nn.Module) -> list[nn.Module]:
    stacks = layer_lists(bare(model))
    if not stacks:
        raise InputError(
            "modifiers.distil: hidden and attention need a transformer on both sides. Set them to 0"
        )
    return list(stacks[0][1])


def _show_attention(model: nn.Module) -> None:
    """Plain attention: the fused kernels do not say where they looked."""
    if self_attention(_layers(model)[0]) is None:
        raise InputError(
            "modifiers.distil.attention: attention is seen in bert and roberta models only. Set "
            "attention=0 and give hidden a weight"
        )
    for module in model.modules():
        choose = getattr(module, "set_attn_implementation", None)
        if choose is not None:
            choose("eager")


def _over_layers(
    student: list[Tensor],
    teacher: list[Tensor],
    mask: Tensor | None,
    apart: Callable[[Tensor, Tensor, Tensor | None], Tensor],
) -> Tensor:
    """Mean over the student's layers; each learns from the teacher's at the same relative depth."""
    assert student, "no layer was seen"
    assert teacher, "no layer of the teacher was seen"
    parts = [
        apart(own, teacher[round((number + 1) * len(teacher) / len(student)) - 1], mask)
        for number, own in enumerate(student)
    ]
    return torch.stack(parts).mean()


def _pairs(apart: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return torch.ones_like(apart)
    seen = mask.to(apart.dtype)
    return seen[:, :, None] * seen[:, None, :]


def _known(batch: Batch, logits: Tensor) -> Tensor | None:
    """Which tokens count, where there is an answer for each token."""
    if logits.ndim != 3:
        return None
    mask = batch.get("attention_mask")
    if mask is None:
        return None
    time = logits.shape[1]
    # Predicting the next token, the last position has no answer: the masks of the targets.
    return mask[:, -time:].bool()
