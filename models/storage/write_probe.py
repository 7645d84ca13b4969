"""Whether a database can write: it is no standby, and its disk takes WAL and files."""

import asyncpg

from models.storage.statement import Statement

READ_ONLY = Statement("""
SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'
""")

# The commit writes and flushes WAL. Neither statement changes a table or a catalog.
WRITE_WAL = Statement("""
SELECT CAST(pg_logical_emit_message(true, 'privacy', '') AS text)
""")

LIMIT_MEMORY = Statement("""
SELECT set_config('work_mem', '64kB', true)
""")

# More rows than the memory takes: PostgreSQL writes a temporary file of about 0.5 MB beside the tables.
WRITE_FILE = Statement("""
SELECT count(*)
FROM generate_series(1, 20000)
""")


async def require_writable(pool: asyncpg.Pool) -> None:
    """Raise an error of PostgreSQL unless a transaction that writes can be committed."""
    async with pool.acquire() as connection, connection.transaction():
        if await READ_ONLY.value(connection):
            raise asyncpg.ReadOnlySQLTransactionError("the database is read-only")
        await LIMIT_MEMORY.run(connection)
        await WRITE_FILE.value(connection)
        await WRITE_WAL.value(connection)
