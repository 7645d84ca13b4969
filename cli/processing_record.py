"""``privacy processing-record``: the record of processing activities (Art. 30 GDPR), from the declarations in use."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from cli.databases import OpenDatabases, run_with_databases
from models.consent import purposes
from models.data_categories import DataCategory
from models.disclosures import adequacy, recipients
from models.policy import versions
from models.retention import rules

SECURITY_MEASURES: Final = (
    "Personal values are encrypted with AES-256-GCM under a data key of each person; destroying it erases every copy.",
    "Data keys are wrapped by a master key and kept in a database of its own.",
    "Each role reads the fields that it needs; PostgreSQL enforces the same columns.",
    "Staff name a case; each read of personal data is recorded in a signed, hash-chained audit log before the answer.",
    "File names open under an access grant that another person approves.",
    "Connections to callers, databases and mail servers need TLS in production.",
    "Backups are kept for at most six months; erasures are repeated after a restore.",
)


def processing_record(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of Markdown.")] = False
) -> None:
    """Print the record of processing activities (Art. 30 GDPR): purposes, categories, recipients, transfers, terms."""
    record = run_with_databases(_read)
    typer.echo(json.dumps(record, indent=2, ensure_ascii=False) if as_json else _markdown(record))


async def _read(databases: OpenDatabases) -> dict[str, Any]:
    async with databases.database.writers.acquire() as connection:
        all_purposes = (await purposes.all_purposes(connection, [None]))[None]
        all_recipients = (await recipients.all_recipients(connection, [None]))[None]
        all_rules = (await rules.all_rules(connection, [None]))[None]
        all_versions = (await versions.all_versions(connection, [None]))[None]
    return {
        "policyVersions": [{"version": row.version, "effectiveOn": f"{row.effective_on}"} for row in all_versions],
        "purposes": [
            {"key": row.key, "title": row.title, "description": row.description, "legalBasis": row.legal_basis}
            for row in all_purposes
        ],
        "categories": [category.value for category in DataCategory],
        "recipients": [
            {
                "key": row.key,
                "name": row.name,
                "kind": row.kind,
                "function": row.function,
                "categories": row.categories,
                "purposes": row.purposes,
                "country": row.country_code,
                "isThirdCountry": row.country_code not in adequacy.FREE_OF_SAFEGUARDS,
                "safeguard": row.safeguard,
                "contract": row.contract_reference,
            }
            for row in all_recipients
            if row.ended_at is None
        ],
        "terms": [{"category": row.category, "days": row.days, "reason": row.reason} for row in all_rules],
        "securityMeasures": list(SECURITY_MEASURES),
    }


def _markdown(record: Mapping[str, Any]) -> str:
    policy = [(row["version"], row["effectiveOn"]) for row in record["policyVersions"]]
    uses = [(row["title"], row["legalBasis"], row["description"]) for row in record["purposes"]]
    receivers = [
        (
            row["name"],
            row["kind"],
            row["function"],
            ", ".join(row["categories"]),
            row["country"],
            row["safeguard"] or "",
        )
        for row in record["recipients"]
    ]
    terms = [(row["category"], row["days"] or "indefinitely", row["reason"] or "") for row in record["terms"]]
    return "\n".join(
        [
            "# Record of processing activities (Art. 30 GDPR)",
            *_table("Privacy policy", ("version", "in force from"), policy),
            *_table("Purposes", ("purpose", "legal basis", "description"), uses),
            *_table("Recipients", ("name", "kind", "function", "categories", "country", "safeguard"), receivers),
            *_table("Terms", ("category", "days", "reason"), terms),
            "\n## Security measures\n",
            *(f"- {measure}" for measure in record["securityMeasures"]),
        ]
    )


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    body = [f"| {' | '.join(str(cell).replace('|', '/') for cell in row)} |" for row in rows]
    if not body:
        return [f"\n## {title}\n", "None."]
    return [f"\n## {title}\n", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *body]
