"""Letters: what was written to a person and what became of it, never the text."""

from datetime import datetime

from models.outbox.letter_states import LetterRow, LetterState
from resolvers.field_sources import column, object_type


@object_type(LetterRow, description="A letter to a person: its kind and what became of it, never its text.")
class Letter:
    kind: str = column(description="The kind of the letter, such as `erasure_done`.")
    state: LetterState = column(description="What became of it.")
    posted_at: datetime = column(description="When it was queued.")
    sent_at: datetime | None = column(description="When a mail server accepted it.")
