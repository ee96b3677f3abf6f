"""What can go wrong on the way to people."""

from __future__ import annotations


class DeliveryError(Exception):
    """A message was not taken; the text says why, without addresses or secrets."""
