"""The schema's history. `api.database` runs it; `docs/operations.md` says how to add a step."""
