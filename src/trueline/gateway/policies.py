"""The policies in force: one default, others that keys may name, reloaded while running.

A file with faults never replaces a working policy: the old one stays and `fault` says why.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from trueline.core.errors import InputError, PolicyError, TruelineError
from trueline.core.faults import why_zh
from trueline.core.policy import Policy
from trueline.core.policy_file import (
    TEMPLATES,
    load_policy,
    parse_policy,
    policy_from_template,
    template_text,
)
from trueline.guard.guard import Guard
from trueline.guard.memory import VerdictCache
from trueline.judge import Judge
from trueline.store.policy_versions import PolicyVersion, in_force

log = logging.getLogger(__name__)

DEFAULT = ""
LOCAL_FILE = "policy.yaml"
MAX_LOGGED_FAULTS = 20
Outcome = Literal["unchanged", "reloaded", "faulty"]
_Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """A policy in force and the guards built from it, which share one memory of verdicts."""

    name: str
    source: str
    text: str
    policy: Policy
    guard: Guard
    shadow_guard: Guard
    loaded_at: datetime

    def guard_for(self, *, shadow: bool) -> Guard:
        """The guard that acts, or the one that only watches."""
        return self.shadow_guard if shadow else self.guard


@dataclass(slots=True)
class _Source:
    """Where a policy comes from, and the state of its files when it was last read."""

    name: str
    file: Path | None
    template: str
    seen: _Stamp = ()
    fault: TruelineError | None = None

    @property
    def shown(self) -> str:
        return str(self.file) if self.file is not None else f"template {self.template}"

    def load(self) -> Policy:
        if self.file is not None:
            return load_policy(self.file)
        return policy_from_template(self.template)

    def text(self) -> str:
        """The file as it stands, for the record; the policy's hash says what it meant."""
        if self.file is None:
            return template_text(self.template)
        try:
            return self.file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return ""

    def stamp(self, policy: Policy | None) -> _Stamp:
        """Identity, size and time of the policy file and of the word lists it names."""
        if self.file is None:
            return ()
        files = [self.file]
        for lexicon in policy.lexicons if policy else ():
            if lexicon.file:
                files.append(self.file.parent / lexicon.file)
        return tuple(_file_stamp(file) for file in files)


class Policies:
    """Holds the default policy and the named ones; swaps each whole when its file changes.

    Args:
        default: policy file or template name; empty: ./policy.yaml, else `default`.
        named: further policies by the name that keys use.
        build: makes the Judge of a policy.

    Raises:
        InputError, PolicyError: a policy cannot be read; nothing starts without one.
    """

    def __init__(
        self,
        default: str = "",
        named: Mapping[str, str] | None = None,
        *,
        build: Callable[[Policy], Judge] = Judge.from_policy,
    ) -> None:
        self._build = build
        self._sources = {DEFAULT: _source(DEFAULT, default or _local_default())}
        for name, where in (named or {}).items():
            self._sources[name] = _source(name, where)
        #: What the files hold, and what is in force in their place.
        self._files: dict[str, ActivePolicy] = {}
        self._active: dict[str, ActivePolicy] = {}
        self._canaries: dict[str, tuple[ActivePolicy, float]] = {}
        for name, source in self._sources.items():
            before = source.stamp(None)
            policy = source.load()
            source.seen = before + source.stamp(policy)[1:]
            self._files[name] = self._active[name] = self._activate(source, policy)

    @property
    def current(self) -> ActivePolicy:
        """The default policy."""
        return self._active[DEFAULT]

    @property
    def fault(self) -> str:
        """What is wrong with the newest files; empty while they are the ones in force."""
        return self.fault_in("en")

    def fault_in(self, language: str) -> str:
        """`fault` in `zh`, else in English."""
        sources = self._sources.values()
        return "\n".join(_told(s.fault, s.shown, language) for s in sources if s.fault)

    def __iter__(self) -> Iterator[ActivePolicy]:
        return iter(self._active.values())

    def get(self, name: str) -> ActivePolicy | None:
        """The policy a key names: the default for an empty name, None when not known here.

        A bundled template may be named without having been configured.
        """
        found = self._active.get(name)
        if found is None and name in TEMPLATES:
            source = self._sources[name] = _source(name, name)
            found = self._files[name] = self._active[name] = self._activate(source, source.load())
        return found

    def pick(self, name: str, toss: float) -> ActivePolicy | None:
        """The policy that decides one request: the canary for its share of the tosses.

        Args:
            name: as for `get`.
            toss: in [0, 1); the same caller's should stay the same.
        """
        canary = self._canaries.get(name)
        if canary is not None and toss < canary[1]:
            return canary[0]
        return self.get(name)

    @property
    def base(self) -> ActivePolicy:
        """The default policy as its file holds it, versions left aside."""
        return self._files[DEFAULT]

    @property
    def folder(self) -> Path | None:
        """Where the default policy's file lies, for the word lists it names."""
        file = self._sources[DEFAULT].file
        return file.parent if file is not None else None

    @property
    def canary(self) -> tuple[ActivePolicy, float] | None:
        """The canary of the default policy and its share."""
        return self._canaries.get(DEFAULT)

    def apply_versions(self, versions: Sequence[PolicyVersion]) -> bool:
        """Put approved versions in force in place of the files they were made from.

        Args:
            versions: newest first, as the store lists them.

        Returns:
            Whether anything changed.
        """
        changed = False
        for name, base in list(self._files.items()):
            head, canary = in_force(versions, base.policy.hash)
            wanted = base if head is None else self._version(name, head, base)
            if wanted is not self._active[name]:
                self._active[name] = wanted
                changed = True
                log.info("policy_version", extra={"policy": name, "hash": wanted.policy.hash})
            before = self._canaries.get(name)
            if canary is None:
                changed = self._canaries.pop(name, None) is not None or changed
            elif before is None or (before[0].policy.hash, before[1]) != (
                canary.hash,
                canary.share,
            ):
                self._canaries[name] = (self._version(name, canary, base), canary.share)
                changed = True
        return changed

    def _version(self, name: str, version: PolicyVersion, base: ActivePolicy) -> ActivePolicy:
        """The guards of a version; those that run already are kept, with their memory."""
        running = [self._active[name], *(c[0] for c in self._canaries.values())]
        for one in running:
            if one.policy.hash == version.hash:
                return one
        source = self._sources[name]
        folder = source.file.parent if source.file is not None else None
        try:
            policy = parse_policy(version.yaml, source=f"version {version.id}", folder=folder)
        except PolicyError as error:
            log.error("policy_version_faulty", extra={"version": version.id, "why": _why(error)})
            return base
        return self._guarded(policy, f"version {version.id[:16]}", version.yaml)

    def changed(self) -> bool:
        """True when a file differs from what was last read; a few `stat` calls."""
        return any(
            source.stamp(self._files[name].policy) != source.seen
            for name, source in self._sources.items()
        )

    def reload(self, *, force: bool = False) -> Outcome:
        """Read changed files again; `force` reads all of them.

        Each policy is swapped in one assignment, so a request sees one policy throughout.
        """
        outcome: Outcome = "unchanged"
        for name, source in list(self._sources.items()):
            stamp = source.stamp(self._files[name].policy)
            if stamp == source.seen and not force:
                continue
            try:
                policy = source.load()
                active = self._activate(source, policy)
            except TruelineError as error:
                source.seen = stamp
                source.fault = error
                outcome = "faulty"
                fields = {"source": source.shown, "kept": self._hash(name), "why": _why(error)}
                log.error("policy_faulty", extra=fields)
                continue
            source.seen = stamp[:1] + source.stamp(policy)[1:]
            source.fault = None
            before = self._files[name]
            if policy.hash != before.policy.hash or force:
                self._files[name] = active
                # A version that was approved stays in force while its file says the same.
                if policy.hash != before.policy.hash or self._active[name] is before:
                    self._active[name] = active
                log.info("policy_reloaded", extra={"source": source.shown, "hash": policy.hash})
            if outcome == "unchanged":
                outcome = "reloaded"
        return outcome

    def _activate(self, source: _Source, policy: Policy) -> ActivePolicy:
        return self._guarded(policy, source.shown, source.text())

    def _guarded(self, policy: Policy, source: str, text: str) -> ActivePolicy:
        judge = self._build(policy)
        cache = VerdictCache()
        return ActivePolicy(
            policy.name,
            source,
            text,
            policy,
            Guard(judge, cache=cache),
            Guard(judge, shadow=True, cache=cache),
            datetime.now(UTC),
        )

    def _hash(self, name: str) -> str:
        return self._active[name].policy.hash


def _local_default() -> str:
    return LOCAL_FILE if Path(LOCAL_FILE).exists() else "default"


def _source(name: str, where: str) -> _Source:
    if where in TEMPLATES and not Path(where).exists():
        return _Source(name, None, where)
    if not Path(where).exists():
        raise InputError(
            f"there is no policy file {where} and no template of that name.\n"
            f"  Templates: {', '.join(TEMPLATES)}. Make a file with: trueline init"
        )
    return _Source(name, Path(where), "")


def _why(error: TruelineError) -> str:
    """What a log line may say: places and kinds of faults, nothing that the file says."""
    if isinstance(error, PolicyError):
        places = [fault.place for fault in error.faults[:MAX_LOGGED_FAULTS]]
        more = len(error.faults) - len(places)
        return "; ".join([*places, f"and {more} more"] if more else places)
    cause = error.__cause__
    return (cause.strerror if isinstance(cause, OSError) else None) or type(error).__name__


def _told(error: TruelineError, source: str, language: str) -> str:
    if isinstance(error, PolicyError):
        return error.told(language)
    if language == "zh" and isinstance(error.__cause__, OSError):
        return f"读不到策略文件 {source}：{why_zh(error.__cause__)}"
    return str(error)


def _file_stamp(file: Path) -> tuple[str, int, int, int]:
    try:
        status = os.stat(file)
    except OSError:
        return (str(file), 0, 0, 0)
    return (str(file), status.st_ino, status.st_size, status.st_mtime_ns)
