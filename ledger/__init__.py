"""An append-only, tamper-evident log in standard formats: no business words.

Writing: `log` over a `store` (`sql.SqlStore`, `store.MemoryStore`), signed with `keys`. Checking: `verify`, which
needs neither server nor database. `docs/formats.md` describes every byte.

Where this differs from the first contract: a `LedgerEntry` keeps the bytes of its content and reads its `record`
from them; `by` is part of the erasable content, not of the header; content is stored as canonical text, not as a
JSON column; notes (`note`), proofs (`proof`), reading (`archive`) and the readable page (`page`) are modules of
their own.
"""
