"""Read a policy file: every fault at once, each with its line, field and accepted values.

>>> policy_from_template("default").name
'default'
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trueline.core.errors import InputError, PolicyError
from trueline.core.faults import Finding, Message, unreadable_message
from trueline.core.policy import Policy
from trueline.core.policy_references import ReferenceFaults, reference_faults
from trueline.core.strict_yaml import (
    YamlFaults,
    compose,
    construct,
    describe,
    duplicate_keys,
    in_order,
    read_yaml,
    validation_faults,
)

TEMPLATES = ("default", "strict", "minors", "customer-service", "cn-genai", "eu-ai-act")

_NO_FOLDER = Message(
    "no_folder",
    "a text without a folder may not name files; give `words`",
    "单独的文本不能引用文件，请改用 `words`",
)


def load_policy(path: str | Path) -> Policy:
    """Read and validate a policy file.

    Args:
        path: a YAML file in UTF-8; word lists it names are read from beside it.

    Raises:
        InputError: the file cannot be read.
        PolicyError: the file has faults; all are listed.
    """
    path = Path(path)
    try:
        text = read_yaml(path)
    except OSError as error:
        raise InputError(
            f"cannot read policy file {path}: {error.strerror or error}.\n"
            "  Make one with: trueline init"
        ) from error
    except YamlFaults as error:
        raise PolicyError(str(path), error.faults) from error
    return parse_policy(text, source=str(path), folder=path.parent)


def policy_from_template(name: str) -> Policy:
    """A bundled policy: `default`, `strict`, `minors`, `customer-service`, ..."""
    return parse_policy(template_text(name), source=f"template {name}")


def template_text(name: str) -> str:
    """The YAML of a bundled template, comments included."""
    if name not in TEMPLATES:
        raise InputError(f"no template is called {name!r}. Accepted: {', '.join(TEMPLATES)}")
    source = files("trueline.core").joinpath(f"templates/{name}.yaml")
    return source.read_text(encoding="utf-8")


def parse_policy(text: str, *, source: str = "policy", folder: Path | None = None) -> Policy:
    """Validate policy text; `folder` is where the word lists it names are looked for.

    Without a folder no file is read: a text from elsewhere must not open files here.

    Raises:
        PolicyError: with every fault found.
    """
    try:
        root = compose(text, "policy")
        data = construct(root)
    except YamlFaults as error:
        raise PolicyError(source, error.faults) from error
    found = list(_add_lexicon_files(data, folder))
    policy: Policy | None = None
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        # Told by `reference_faults`, which also sees files that have other faults.
        found += validation_faults(error, Policy, apart=ReferenceFaults)
        found += reference_faults(data)
    faults = [*duplicate_keys(root), *(describe(finding, root) for finding in found)]
    if faults or policy is None:
        raise PolicyError(source, in_order(faults))
    return policy


def _add_lexicon_files(data: dict[str, Any], folder: Path | None) -> Iterator[Finding]:
    """Put the words of the files that lexicons name into `data`; yield what cannot be read."""
    lexicons = data.get("lexicons")
    for index, entry in enumerate(lexicons if isinstance(lexicons, list) else []):
        if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
            continue
        place = ("lexicons", index, "file")
        if folder is None:
            yield place, _NO_FOLDER, []
            continue
        file = folder / entry["file"]
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            yield place, unreadable_message(entry["file"], error), []
            continue
        words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        given = entry.get("words") or []
        if isinstance(given, list):  # of another type it is a fault, told by the model
            entry["words"] = [*given, *words]
