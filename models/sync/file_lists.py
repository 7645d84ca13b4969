"""File lists of sync accounts: names as the sync service reports them, and placeholders for card-like ones."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey
from models.errors import BadInput, CardNumberRefused
from models.storage import validation
from models.storage.card_numbers import looks_like_card_number, number_looks_like_card
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.storage.turns import Steps, run_at_once, run_with_pauses
from models.sync.accounts import FILE_NAME, FILE_NAME_LENGTH
from models.unit_of_work import UnitOfWork

REPLACED_NAME = "[card number removed {}]"
MAX_FILES = 1000
SLICE_CHARACTERS = 2_000
"""The characters of file names that are screened for card numbers without a pause."""
SLICE_FILES = 250
"""The files whose names are hashed, or encrypted, without a pause."""
MAX_BYTES = 2**63 - 1
MAX_REAL_BYTES = 2**50
"""A count of bytes above that of any account. A larger one that is a valid card number is refused."""

SET_REPLACED_COUNT = Statement("""
UPDATE sync_accounts
SET replaced_name_count = :count
WHERE subject_id = :subject_id
AND id = :account_id
""")

# The list that is stored is compared in Python: a join of two lists without statistics compares each with each.
STORED_FILES = Statement("""
SELECT lookup_hash, size_bytes, modified_at
FROM sync_files
WHERE subject_id = :subject_id
AND sync_account_id = :account_id
""")

DELETE_FILES = Statement("""
DELETE FROM sync_files
WHERE subject_id = :subject_id
AND sync_account_id = :account_id
AND lookup_hash = ANY(:hashes)
""")

INSERT_FILES = Statement("""
INSERT INTO sync_files (subject_id, sync_account_id, id, lookup_hash, name, size_bytes, modified_at)
SELECT :subject_id, :account_id, id, hash, name, size_bytes, modified_at
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:hashes AS bytea[]), CAST(:names AS bytea[]),
    CAST(:sizes AS bigint[]), CAST(:modified_at AS timestamptz[])
) AS fresh (id, hash, name, size_bytes, modified_at)
""")


class FileReport(NamedTuple):
    """A file's name, size in bytes and time of modification."""

    name: str
    size_bytes: int
    modified_at: datetime


def require_bytes(value: int, argument: str) -> None:
    """Raise BAD_INPUT unless this is a count of bytes, CARD_NUMBER_REFUSED if it is a card number above real counts."""
    if not 0 <= value <= MAX_BYTES:
        raise BadInput(argument, "it is not a count of bytes")
    if value > MAX_REAL_BYTES and number_looks_like_card(value):
        raise CardNumberRefused(argument=argument)


def normalize_files(files: Sequence[FileReport], argument: str) -> tuple[list[FileReport], int]:
    """Return the files, each name once, and how many names are replaced: photos often look like cards."""
    return run_at_once(normalization_steps(files, argument, {}))


def normalization_steps(
    files: Sequence[FileReport], argument: str, verdicts: dict[str, bool]
) -> Steps[tuple[list[FileReport], int]]:
    """Normalize files in steps, of which each takes few of them.

    ``verdicts`` holds whether a name looks like a card number. Mutations of one operation share it.
    """
    if len(files) > MAX_FILES:
        raise BadInput(argument, f"it lists more than {MAX_FILES} files")
    files_by_name: dict[str, FileReport] = {}
    placeholders: dict[str, str] = {}
    reported_names = {file.name for file in files}
    unused = filter(lambda name: name not in reported_names, map(REPLACED_NAME.format, itertools.count(1)))
    screened = 0
    for index, file in enumerate(files):
        if screened >= SLICE_CHARACTERS:
            yield
            screened = 0
        require_bytes(file.size_bytes, f"{argument}.{index}.sizeBytes")
        name = validation.file_name(file.name, f"{argument}.{index}.name", FILE_NAME_LENGTH)
        if name not in verdicts:
            screened += len(name)
            verdicts[name] = looks_like_card_number(name)
        if verdicts[name]:
            name = placeholders.get(name) or placeholders.setdefault(name, next(unused))
        files_by_name[name] = file._replace(name=name)
    return list(files_by_name.values()), len(placeholders)


async def record_files(
    unit: UnitOfWork, key: DataKey, account_id: UUID, files: Sequence[FileReport], replaced_name_count: int
) -> None:
    """Store the complete list of an account's files, and how many names are replaced, in place of the stored list.

    A file that is reported as it is stored keeps its row.
    """
    of_account = {"subject_id": key.owner_id, "account_id": account_id}
    await SET_REPLACED_COUNT.run(unit.connection, **of_account, count=replaced_name_count)

    def hash_name(name: str) -> bytes:
        return unit.keyring.lookup_hashes("file", f"{account_id}\x00{name}")[0].digest

    hashes = await run_with_pauses(_conversion_steps(hash_name, files))
    reported = {(digest, file.size_bytes, file.modified_at): file for digest, file in zip(hashes, files, strict=True)}
    stored = {tuple(row) for row in await STORED_FILES.rows(unit.connection, **of_account)}
    if outdated := [digest for digest, *_ in stored - reported.keys()]:
        await DELETE_FILES.run(unit.connection, **of_account, hashes=outdated)
    if fresh := [(each[0], file) for each, file in reported.items() if each not in stored]:
        await INSERT_FILES.run(
            unit.connection,
            **of_account,
            ids=[new_id() for _ in fresh],
            hashes=[digest for digest, _ in fresh],
            names=await run_with_pauses(
                _conversion_steps(partial(FILE_NAME.encrypt, key), [file for _, file in fresh])
            ),
            sizes=[file.size_bytes for _, file in fresh],
            modified_at=[file.modified_at for _, file in fresh],
        )


def _conversion_steps(convert: Callable[[str], bytes], files: Sequence[FileReport]) -> Steps[list[bytes]]:
    """Return what a function makes of the name of each file, in steps."""
    values = []
    for index, file in enumerate(files):
        if index % SLICE_FILES == SLICE_FILES - 1:
            yield
        values.append(convert(file.name))
    return values
