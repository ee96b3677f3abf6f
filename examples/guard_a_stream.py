"""Guard a model of your own while it streams: nothing blocked leaves, whatever the pieces.

python examples/guard_a_stream.py
"""

from __future__ import annotations

from collections.abc import Iterator

import trueline

REPLY = (
    "Of course. The account belongs to a customer in Leeds; she wrote last week about her "
    "invoice. Her e-mail is jane.doe@example.com and her card is 4111 1111 1111 1111. "
    "Is there anything else?"
)


def model(prompt: str) -> Iterator[str]:
    """Stands for your model: streams a fixed reply in pieces of four characters."""
    for start in range(0, len(REPLY), 4):
        yield REPLY[start : start + 4]


def main() -> None:
    """Check the prompt, then let the reply through a guarded stream."""
    judge = trueline.Judge.from_policy(trueline.policy_from_template("default"))
    guard = trueline.Guard(judge)
    prompt = "Which customer wrote about an invoice?"
    decision = guard.check_prompt([{"role": "user", "content": prompt}])
    if decision.blocked:
        print(decision.safe_reply)
        return
    stream = guard.open_reply()
    for piece in model(prompt):
        print(stream.feed(piece), end="")
    tail, verdict = stream.finish()
    print(tail)
    print(f"[{verdict.action}: {', '.join(verdict.categories)}]")


if __name__ == "__main__":
    main()
