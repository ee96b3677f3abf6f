"""Every kind of tampering is found. What `verify` names is asserted, not only that it fails."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from trueline.core.errors import StoreError
from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.store.chain import GENESIS, Receipt, body_hash, link, text_digest
from trueline.store.events import EventStore
from trueline.store.feedback import Feedback, add_feedback
from trueline.store.keys import create_key, revoke_key
from trueline.store.policies import save_policy
from trueline.store.queries import export_exchanges
from trueline.store.verify import Verification, verify

RECORDS = 12
# When a key was last used, and the sums of the overview, are no part of the record.
UNCHAINED = {("api_keys", "last_used_us")}


def fill_every_table(url: str) -> None:
    with EventStore.open(url) as store:
        exchanges = [
            Exchange(
                route="/v1/chat/completions",
                key_id="k",
                model="m",
                upstream="u",
                action=Action(number % 5),
                categories=("privacy", "violence")[: number % 3],
                scores={"prompt": [{"score": number / 7}]},
                prompt_text=f"旗 prompt {number}" if number % 4 else "",
                reply_text=f"reply {number}" if number % 2 else "",
                policy_name="p",
                policy_hash="h",
                language="zh",
                error="e" if number % 5 == 0 else "",
                latency_ms=number * 1.5,
                guard_ms=0.25,
                upstream_ms=3.0,
                user="someone",
                attributes={"n": number},
            )
            for number in range(RECORDS)
        ]
        for exchange in exchanges:
            store.append(exchange).result(60)
        for number in (0, 1):
            remark = Feedback(
                exchange_id=exchanges[number].id,
                kind="rating",
                value=4.0,
                reason="ok",
                text="fine" * number,
                key_id="k",
            )
            add_feedback(store, remark).result(60)
        create_key(store, "one", rate_limit=5)
        revoke_key(store, create_key(store, "two", role="admin").key.id)
        save_policy(store, hash="h", name="p", yaml="name: p", author="me").result(60)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chain") / "original.db"
    fill_every_table(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch") / "copy.db"


def verified(path: Path) -> Verification:
    with EventStore.open(f"sqlite:///{path}", read_only=True) as store:
        return verify(store)


def tampered(original: Path, scratch: Path, *statements: str) -> Verification:
    shutil.copy(original, scratch)
    connection = sqlite3.connect(scratch, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return verified(scratch)


def faults(found: Verification) -> list[str]:
    everything = [*found.faults, *(fault for chain in found.chains for fault in chain.faults)]
    return [str(fault) for fault in everything]


def cells(path: Path) -> Iterator[tuple[str, str, int, Any]]:
    """Every value of every row that the chain vouches for."""
    connection = sqlite3.connect(path)
    for table in (
        "exchanges", "exchange_categories", "audit", "chains", "feedback", "api_keys", "policies"
    ):  # fmt: skip
        cursor = connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        for number, row in enumerate(cursor.fetchall()):
            for name, value in zip(names, row, strict=True):
                if (table, name) not in UNCHAINED:
                    yield table, name, number, value
    connection.close()


def flipped(value: Any, where: int, bit: int) -> Any:
    """The value with one bit changed."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value ^ (1 << (bit % 31))
    if isinstance(value, float):
        return value + 1.0
    if isinstance(value, bytes):
        raw = bytearray(value or b"\0")
        raw[where % len(raw)] ^= 1 << (bit % 8)
        return bytes(raw)
    raw = bytearray((value or " ").encode())
    raw[where % len(raw)] ^= 1 << (bit % 7)
    return bytes(raw).decode("utf-8", "replace") if value else "!"


def write_cell(path: Path, table: str, name: str, number: int, value: Any) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    key = "rowid"
    if table == "exchange_categories":  # a table without row ids
        row = connection.execute(f"SELECT * FROM {table} LIMIT 1 OFFSET {number}").fetchone()
        connection.execute(
            f"UPDATE {table} SET {name} = ? WHERE category=? AND time_us=? AND exchange_id=?",
            (value, *row),
        )
    else:
        rows = connection.execute(f"SELECT {key} FROM {table} LIMIT 1 OFFSET {number}").fetchone()
        connection.execute(f"UPDATE {table} SET {name} = ? WHERE {key} = ?", (value, rows[0]))
    connection.close()


def test_an_untouched_store_verifies(original: Path) -> None:
    found = verified(original)

    assert found.ok
    assert faults(found) == []
    assert [chain.records for chain in found.chains] == [1 + RECORDS + 2 + 3 + 1]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_bit_of_any_column_of_any_row_is_found(
    original: Path, scratch: Path, data: st.DataObject
) -> None:
    table, name, number, value = data.draw(st.sampled_from(list(cells(original))))
    other = flipped(value, data.draw(st.integers(0, 400)), data.draw(st.integers(0, 62)))
    if other == value:
        return
    shutil.copy(original, scratch)
    try:
        write_cell(scratch, table, name, number, other)
    except (sqlite3.IntegrityError, OverflowError):
        return  # the database itself refused the change

    assert not verified(scratch).ok, (table, name, number, value, other)


def test_every_column_is_covered(original: Path, scratch: Path) -> None:
    unnoticed: list[tuple[str, str, int]] = []
    for table, name, number, value in cells(original):
        if number != 1:
            continue
        shutil.copy(original, scratch)
        try:
            write_cell(scratch, table, name, number, flipped(value, 0, 0))
        except sqlite3.IntegrityError:
            continue
        if verified(scratch).ok:
            unnoticed.append((table, name, number))

    assert unnoticed == []


def test_a_changed_record_is_named_by_chain_seq_and_id(original: Path, scratch: Path) -> None:
    found = tampered(original, scratch, "UPDATE exchanges SET action = 0 WHERE seq = 5")

    chain = found.chains[0]
    (fault,) = chain.faults
    assert (fault.chain_id, fault.seq) == (chain.chain_id, 5)
    assert len(fault.record_id) == 32
    assert str(fault) == (
        f"chain {chain.chain_id}, seq 5, id {fault.record_id}: "
        "its content was changed after it was written"
    )


def test_a_changed_text_is_told_from_a_changed_record(original: Path, scratch: Path) -> None:
    found = tampered(original, scratch, "UPDATE exchanges SET prompt_text = 'x' WHERE seq = 4")

    assert faults(found)[0].endswith(": its texts were changed")


def test_texts_removed_without_a_checkpoint_are_found(original: Path, scratch: Path) -> None:
    found = tampered(
        original,
        scratch,
        "UPDATE exchanges SET prompt_text = NULL, reply_text = NULL, text_salt = NULL "
        "WHERE seq = 4",
    )

    assert faults(found)[0].endswith(": its texts were removed without a checkpoint")


def test_a_missing_record_is_named(original: Path, scratch: Path) -> None:
    found = tampered(original, scratch, "DELETE FROM exchanges WHERE seq = 4")

    chain_id = found.chains[0].chain_id
    assert f"chain {chain_id}, seq 4: this record is missing" in faults(found)


def test_several_missing_records_are_named_together(original: Path, scratch: Path) -> None:
    found = tampered(original, scratch, "DELETE FROM exchanges WHERE seq BETWEEN 4 AND 6")

    chain_id = found.chains[0].chain_id
    assert f"chain {chain_id}, seq 4: records up to 6 are missing" in faults(found)


def test_a_cut_off_tail_is_found(original: Path, scratch: Path) -> None:
    found = tampered(
        original, scratch, "DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)"
    )

    assert any("the chain should end at seq 19" in fault for fault in faults(found))


def test_reordered_records_are_found(original: Path, scratch: Path) -> None:
    found = tampered(
        original,
        scratch,
        "UPDATE exchanges SET seq = 1000 WHERE seq = 4",
        "UPDATE exchanges SET seq = 4 WHERE seq = 5",
        "UPDATE exchanges SET seq = 5 WHERE seq = 1000",
    )

    assert any("seq 4" in fault for fault in faults(found))
    assert any("seq 5" in fault for fault in faults(found))


def test_a_record_put_in_twice_is_found(original: Path, scratch: Path) -> None:
    columns = "time_us, kind, record_id, body, chain_id, 4, prev_hash, hash"
    found = tampered(
        original, scratch, f"INSERT INTO audit SELECT 'copy', {columns} FROM audit WHERE seq = 1"
    )

    assert any("seq 4" in f and "two records at this place" in f for f in faults(found))


def test_a_whole_chain_taken_out_is_found_by_a_later_one(original: Path, scratch: Path) -> None:
    shutil.copy(original, scratch)
    with EventStore.open(f"sqlite:///{scratch}") as store:
        store.append(Exchange()).result(60)
    connection = sqlite3.connect(scratch, isolation_level=None)
    (first,) = connection.execute("SELECT chain_id FROM chains ORDER BY opened_us").fetchone()
    for table in ("exchanges", "audit", "chains"):
        connection.execute(f"DELETE FROM {table} WHERE chain_id = ?", (first,))
    connection.close()

    assert f"chain {first}: this whole chain is missing" in faults(verified(scratch))


def test_a_tail_cut_off_with_its_head_is_found_by_a_kept_receipt(
    original: Path, scratch: Path
) -> None:
    head = verified(original).chains[0]
    receipt = Receipt(head.chain_id, head.last_seq, head.head)
    shutil.copy(original, scratch)
    connection = sqlite3.connect(scratch, isolation_level=None)
    connection.execute("DELETE FROM policies")
    connection.execute("DELETE FROM audit WHERE seq = 19")
    connection.execute("UPDATE chains SET seq = 18, hash = (SELECT hash FROM audit WHERE seq = 18)")
    connection.close()

    with EventStore.open(f"sqlite:///{scratch}", read_only=True) as store:
        assert verify(store).ok
        found = verify(store, [receipt])
        other = verify(store, [replace_hash(receipt, 5)])

    assert any("seq 19" in fault and "it was cut off" in fault for fault in faults(found))
    assert any("names another record" in fault for fault in faults(other))
    with EventStore.open(f"sqlite:///{original}", read_only=True) as store:
        assert verify(store, [receipt]).ok


def replace_hash(receipt: Receipt, seq: int) -> Receipt:
    return receipt._replace(seq=seq, hash="0" * 64)


def test_a_planted_key_is_found(original: Path, scratch: Path) -> None:
    found = tampered(
        original,
        scratch,
        "INSERT INTO api_keys (id, key_hash, hint, name, role, policy, created_us) "
        "VALUES ('planted', x'00', 'tl-', 'n', 'admin', '', 1)",
    )

    assert faults(found) == ["id planted: the audit log knows nothing of this row of api_keys"]


def test_a_key_given_back_its_rights_is_found(original: Path, scratch: Path) -> None:
    found = tampered(original, scratch, "UPDATE api_keys SET revoked_us = NULL")

    assert faults(found)[0].endswith("this row of api_keys is not what the audit log tells")


def test_text_that_is_no_unicode_is_a_finding_and_no_crash(original: Path, scratch: Path) -> None:
    found = tampered(
        original,
        scratch,
        "UPDATE exchanges SET prompt_text = CAST(x'ff' AS TEXT), "
        "id = CAST(x'fe' AS TEXT) WHERE seq = 3",
    )

    assert any("seq 3" in fault for fault in faults(found))


def test_ids_that_are_no_unicode_are_findings_and_no_crash(original: Path, scratch: Path) -> None:
    for table, column in (
        ("exchange_categories", "exchange_id"),
        ("exchange_categories", "category"),
        ("chains", "chain_id"),
        ("audit", "chain_id"),
        ("audit", "record_id"),
        ("feedback", "id"),
        ("api_keys", "id"),
        ("policies", "hash"),
    ):
        cell = f"(SELECT {column} FROM {table} LIMIT 1)"
        found = tampered(
            original,
            scratch,
            f"UPDATE {table} SET {column} = CAST(x'fe' AS TEXT) WHERE {column} = {cell}",
        )
        assert not found.ok, (table, column)


@pytest.mark.parametrize("seed", range(30))
def test_a_flipped_byte_of_the_file_is_found_or_changes_nothing(
    original: Path, scratch: Path, seed: int
) -> None:
    def exported(path: Path) -> list[dict[str, Any]]:
        with EventStore.open(f"sqlite:///{path}", read_only=True) as store:
            return [found.as_json() for found in export_exchanges(store)]

    chance = random.Random(seed)
    raw = bytearray(original.read_bytes())
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    scratch.write_bytes(raw)

    try:
        ok = verified(scratch).ok
    except StoreError:
        ok = False
    if ok:
        assert exported(scratch) == exported(original)


def test_a_flipped_byte_of_a_stored_text_in_the_file_is_found(
    original: Path, scratch: Path
) -> None:
    raw = bytearray(original.read_bytes())
    raw[raw.index("旗 prompt 3".encode()) + 8] ^= 1
    scratch.write_bytes(raw)

    assert any("its texts were changed" in fault for fault in faults(verified(scratch)))


@pytest.mark.postgres
def test_postgres_rows_are_held_against_the_chain_as_well(postgres_url: str) -> None:
    fill_every_table(postgres_url)
    changes = [
        "UPDATE exchanges SET latency_ms = latency_ms + 1 WHERE seq = 3",
        "UPDATE exchanges SET reply_text = reply_text || ' ' WHERE seq = 3",
        "UPDATE exchanges SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE seq = 3",
        "DELETE FROM exchanges WHERE seq = 3",
        "DELETE FROM exchange_categories WHERE category = 'violence'",
        "UPDATE feedback SET value = 5 WHERE value = 4",
        "UPDATE chains SET seq = seq + 1",
        "UPDATE policies SET yaml = 'name: q'",
    ]
    unnoticed: list[str] = []
    with EventStore.open(postgres_url) as store:
        assert verify(store).ok
        for change in changes:
            with store.database.writer.connect() as connection:
                connection.execute(text("CREATE TABLE kept AS SELECT 1"))
                connection.rollback()
                for table in ("exchanges", "exchange_categories", "feedback", "chains", "policies"):
                    connection.execute(text(f"CREATE TABLE kept_{table} AS TABLE {table}"))
                connection.execute(text(change))
                connection.commit()
                if verify(store).ok:
                    unnoticed.append(change)
                for table in ("exchanges", "exchange_categories", "feedback", "chains", "policies"):
                    connection.execute(text(f"TRUNCATE {table}"))
                    connection.execute(text(f"INSERT INTO {table} TABLE kept_{table}"))
                    connection.execute(text(f"DROP TABLE kept_{table}"))
                connection.commit()
        assert verify(store).ok

    assert unnoticed == []


@given(st.text(max_size=5), st.integers(1, 9), st.text(max_size=5), st.integers(1, 9))
def test_places_in_chains_never_collide(a: str, seq_a: int, b: str, seq_b: int) -> None:
    body = body_hash("note", ("same",))

    same = link(a, seq_a, GENESIS, body) == link(b, seq_b, GENESIS, body)

    assert same == ((a, seq_a) == (b, seq_b))


def test_a_digest_without_its_salt_says_nothing_about_the_text() -> None:
    digests = {text_digest("yes", bytes([number]) * 16, b"prompt") for number in range(50)}

    assert len(digests) == 50
    assert text_digest("yes", bytes(16), b"prompt") != text_digest("yes", bytes(16), b"reply")


def test_verify_goes_on_while_a_writer_writes(sqlite_url: str) -> None:
    with EventStore.open(sqlite_url) as store:
        futures = [store.append(replace(Exchange(), prompt_text=str(n))) for n in range(2000)]
        results = [verify(store).ok for _ in range(5)]
        for future in futures:
            future.result(60)

        assert all(results)
        assert verify(store).ok
