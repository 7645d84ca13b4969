"""Tests of ``privacy processing-record``: the record of processing activities, as Markdown and as JSON."""

import asyncio
import json
from pathlib import Path

from tests.cli.commands import privacy
from tests.conftest import Api, Databases
from tests.resolvers.recipient_inputs import MAILER, PARTNER, put


def test_the_record_names_purposes_recipients_transfers_and_terms(
    api: Api, databases: Databases, tmp_path: Path
) -> None:
    put(api, MAILER)
    put(api, PARTNER)
    record = json.loads(asyncio.run(privacy("processing-record", "--json", on=databases, at=tmp_path)).out)
    assert {row["key"]: (row["isThirdCountry"], row["safeguard"]) for row in record["recipients"]} == {
        "mailer": (False, None),
        "partner": (True, "STANDARD_CLAUSES"),
    }
    assert len(record["purposes"]) == 15
    assert {row["category"] for row in record["terms"]} == set(record["categories"])
    text = asyncio.run(privacy("processing-record", on=databases, at=tmp_path)).out
    assert "| Mailer GmbH | PROCESSOR | Delivers newsletters | CONTACT | DE |  |" in text
    for title in ("Purposes", "Recipients", "Terms", "Security measures"):
        assert f"\n## {title}\n" in text
