"""The learning rate as a pure function of the step, so that a resumed run meets the same rates.

>>> from trueline.train.recipe import ScheduleOptions
>>> [round(rate_share(ScheduleOptions(warmup=0.25), step, 8), 2) for step in range(8)]
[0.5, 1.0, 1.0, 0.83, 0.67, 0.5, 0.33, 0.17]
"""

from __future__ import annotations

import math

from trueline.train.recipe import ScheduleOptions


def rate_share(options: ScheduleOptions, step: int, steps: int) -> float:
    """Share of the peak rate at `step` of `steps`, counted from 0; 0 to 1."""
    warm = math.ceil(options.warmup * steps)
    if step < warm:
        return (step + 1) / warm
    left = max(steps - warm, 1)
    done = min((step - warm) / left, 1.0)
    shape = _shape(options, done, step, warm)
    return options.floor + (1 - options.floor) * shape


def _shape(options: ScheduleOptions, done: float, step: int, warm: int) -> float:
    if options.name == "linear":
        return 1 - done
    if options.name == "cosine":
        return (1 + math.cos(math.pi * done)) / 2
    if options.name == "inverse_sqrt":  # Vaswani et al. (2017), section 5.3
        return math.sqrt(max(warm, 1) / max(step + 1, 1))
    if options.name == "steps":
        return options.factor ** int(done / options.every)
    if options.name == "stable_decay":
        start = 1 - options.decay_share
        return 1.0 if done < start else (1 - done) / options.decay_share
    return 1.0
