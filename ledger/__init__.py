"""An append-only, tamper-evident log in standard formats: no business words."""
