"""Whole-number noise for private counts, drawn exactly: no floating-point value is released.

Noise made from floating-point numbers leaks through their gaps (Mironov 2012, On significance
of the least significant bits). Both samplers here draw from the discrete distributions with
rational arithmetic on random bits.

References: Canonne, Kamath & Steinke (2020), The Discrete Gaussian for Differential Privacy,
algorithms 1 to 3 and theorem 7; Balle & Wang (2018), Improving the Gaussian Mechanism,
algorithm 1.
"""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random


def laplace_noise(scale: Fraction, random: Random) -> int:
    """P(k) proportional to exp(-|k| / scale): discrete Laplace.

    Args:
        scale: sensitivity over dp_epsilon, above 0.
        random: a source of random bits; `random.SystemRandom()` for releases.
    """
    t, s = scale.numerator, scale.denominator
    while True:
        u = random.randrange(t)
        if not _bernoulli_exp(Fraction(u, t), random):
            continue
        v = 0
        while _bernoulli_exp(Fraction(1), random):
            v += 1
        magnitude = (u + t * v) // s
        negative = random.randrange(2)
        if not (negative and magnitude == 0):
            return -magnitude if negative else magnitude


def gaussian_noise(variance: Fraction, random: Random) -> int:
    """P(k) proportional to exp(-k² / (2 variance)): discrete Gaussian."""
    t = math.isqrt(math.floor(variance)) + 1
    while True:
        k = laplace_noise(Fraction(t), random)
        excess = abs(k) - variance / t
        if _bernoulli_exp(excess * excess / (2 * variance), random):
            return k


def gaussian_sigma(dp_epsilon: float, dp_delta: float, sensitivity: float) -> float:
    """Smallest σ for which Gaussian noise gives (dp_epsilon, dp_delta); at least 1.

    From σ = 1 on, the discrete Gaussian's δ at a whole-number sensitivity is checked as well,
    and σ raised until it holds too.

    Args:
        dp_epsilon: above 0.
        dp_delta: between 0 and 1.
        sensitivity: L2 norm of the largest change one document makes.
    """
    low, high = 0.0, 1.0
    while gaussian_delta(dp_epsilon, high, sensitivity) > dp_delta:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if gaussian_delta(dp_epsilon, middle, sensitivity) > dp_delta:
            low = middle
        else:
            high = middle
    sigma = max(high, 1.0)
    if float(sensitivity).is_integer():
        while discrete_delta(dp_epsilon, sigma, int(sensitivity)) > dp_delta:
            sigma *= 1.001
    return sigma


def gaussian_delta(dp_epsilon: float, sigma: float, sensitivity: float) -> float:
    """The exact δ of Gaussian noise (Balle & Wang 2018, theorem 8)."""
    ratio, centre = sensitivity / (2 * sigma), dp_epsilon * sigma / sensitivity
    first = _normal_upper(centre - ratio)
    second = _normal_upper(centre + ratio)
    return first - math.exp(dp_epsilon) * second if second > 0 else first


def discrete_delta(dp_epsilon: float, sigma: float, sensitivity: int) -> float:
    """The exact δ of discrete Gaussian noise on one count (Canonne et al. 2020, theorem 7)."""
    centre = dp_epsilon * sigma * sigma / sensitivity
    weight = _tail(-math.inf, sigma)
    above = _tail(centre - sensitivity / 2, sigma) / weight
    below = _tail(centre + sensitivity / 2, sigma) / weight
    return max(0.0, above - math.exp(dp_epsilon) * below)


def _tail(above: float, sigma: float) -> float:
    """Unnormalised weight of the whole numbers greater than `above`."""
    most = math.ceil(40 * sigma)
    first = -most if above == -math.inf else max(-most, math.floor(above) + 1)
    return math.fsum(math.exp(-k * k / (2 * sigma * sigma)) for k in range(first, most + 1))


def _normal_upper(x: float) -> float:
    return math.erfc(x / math.sqrt(2)) / 2


def _bernoulli_exp(gamma: Fraction, random: Random) -> bool:
    """True with probability exp(-gamma), for gamma at least 0."""
    while gamma > 1:
        if not _bernoulli_exp_to_one(Fraction(1), random):
            return False
        gamma -= 1
    return _bernoulli_exp_to_one(gamma, random)


def _bernoulli_exp_to_one(gamma: Fraction, random: Random) -> bool:
    k = 1
    while random.randrange(gamma.denominator * k) < gamma.numerator:
        k += 1
    return k % 2 == 1
