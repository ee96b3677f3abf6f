"""The secret key behind keyed hashes and surrogates: a file of its own, readable by its owner.

Whoever has the key can try every phone number there is and see which one a surrogate stands
for; so it never lies beside the data, and nobody else may read it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from trueline.core.errors import InputError

KEY_BYTES = 32


def read_or_make_key(path: Path, data_folder: Path) -> bytes:
    """The key in the file; a new one is written where there is none, with mode 600.

    Args:
        path: the key file.
        data_folder: where the data set is written; the key may not lie in it.

    Raises:
        InputError: the file lies in the data folder, others may read it, or it holds no key.
    """
    if path.resolve().is_relative_to(data_folder.resolve()):
        raise InputError(
            f"the key file {path} lies in the output folder {data_folder}; "
            "keep it apart from the data: set key_file to a path elsewhere"
        )
    if not path.exists():
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """Write a new key, whole or not at all; a key that another process made first stays."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    except OSError as error:
        raise InputError(
            f"the key file {path} cannot be written ({error.strerror}); set key_file elsewhere"
        ) from error
    finally:
        new.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            raise InputError(
                f"the key file {path} can be read by others (mode {mode:03o}); "
                f"run `chmod 600 {path}`"
            )
        key = bytes.fromhex(path.read_text("ascii"))
    except OSError as error:
        raise InputError(f"the key file {path} cannot be read ({error.strerror})") from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise InputError(
            f"the key file {path} holds no key of {2 * KEY_BYTES} hexadecimal digits; "
            "name another file, or remove this one to have a new key made"
        )
    return key
