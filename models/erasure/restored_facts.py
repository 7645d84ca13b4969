"""The facts of an erasure that a replay brings back from the ledger, and the statement that the replay adds."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from models.erasure import certificates, replay_statements
from models.erasure.certificates import CertificateSigner
from models.erasure.ledger import LedgerEntry
from models.erasure.ledger_facts import ErasureFacts


class Replay(NamedTuple):
    """One replay: its signer, the issuer that its statements name, its time, and how long backups are kept."""

    signer: CertificateSigner
    issuer: str
    at: datetime
    backup_life: timedelta

    def restore(self, entry: LedgerEntry, counts: Mapping[str, int]) -> ErasureFacts:
        """Return the facts of an entry with the statement that these records were erased again.

        The replay of an erasure that had begun and not ended ends it: its own counts are the facts.
        """
        certificate, certified_at = entry.certificate, entry.certified_at
        if entry.completed_at and certificate is None:
            certificate, certified_at = self._certify(entry, entry.completed_at), self.at
        replays = [*(entry.replays or ())]
        if entry.erased_at:
            statement = replay_statements.sign_replay(
                self.signer, entry, counts, issuer=self.issuer, replayed_at=self.at, certificate=certificate
            )
            replays.append(statement)
        return ErasureFacts(
            entry.subject_id,
            entry.request_id,
            entry.erased_at or self.at,
            entry.erased if entry.erased_at else orjson.dumps(counts).decode(),
            " ".join(entry.systems or ()),
            entry.completed_at,
            certificate,
            certified_at,
            " ".join(replays) or None,
        )

    def backups_clear_at(self, facts: ErasureFacts) -> datetime | None:
        """Return the time that the certificate states for the end of the last backup; None before completion."""
        if facts.completed_at is None or facts.certificate is None:
            return None
        return datetime.fromisoformat(certificates.read_claims(facts.certificate)["backupsClearAt"])

    def _certify(self, entry: LedgerEntry, completed_at: datetime) -> str:
        """Return a certificate for an entry of an earlier version, whose first certificate the ledger lacks."""
        clear_at = completed_at + self.backup_life
        return replay_statements.sign_entry(
            self.signer, entry, issuer=self.issuer, issued_at=self.at, clear_at=clear_at
        )
