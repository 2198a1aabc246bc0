"""What a keyed request was answered, so that sending it again does nothing a second time."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from inspection.tables.columns import at_column


class KeyedAnswer(SQLModel, table=True):
    """The answer to a POST that came with an idempotency key. `sealed` opens with the key alone, which is stored hashed; None where the answer is not kept."""

    __tablename__ = "keyed_answer"
    caller: str = Field(primary_key=True, description="who sent it, as the access log names them")
    key_sha256: str = Field(primary_key=True)
    request_hmac: str = Field(description="of method, address and body, under the key")
    answered_at: datetime = at_column()
    expires_at: datetime = at_column(index=True)
    sealed: bytes | None = None
