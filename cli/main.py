"""The command ``privacy``: the table of its subcommands."""

import sys

import typer

from cli import completion, version
from cli.lazy import LazyCommand, LazyGroup, load

COMMANDS = {
    "serve": LazyCommand("cli.serve:serve", "Serve the API until stopped."),
    "import": LazyCommand(
        "cli.importing:import_people",
        "Import people from another system, with consents, accounts, payment fragments and sync accounts.",
    ),
    "backup": LazyCommand(
        "cli.backups:backup",
        "Back up the main database into a file, and register the day by which the file must be deleted.",
    ),
    "restore": LazyCommand(
        "cli.backups:restore",
        "Replace the main database with a backup, then repeat all erasures that the backup does not contain.",
    ),
    "desk": LazyCommand(
        "cli.desk:desk", "Serve the desk until stopped: the pages of support agents and privacy officers."
    ),
    "erase": LazyCommand(
        "cli.bulk_erasure:erase",
        "Request the erasure of all people in a file: print the plan, ask for confirmation, then request.",
    ),
    "query": LazyCommand(
        "cli.querying:query",
        "Run a GraphQL operation: once, or for each line of a CSV file whose first line names the variables.",
    ),
    "processing-record": LazyCommand(
        "cli.processing_record:processing_record",
        "Print the record of processing activities (Art. 30 GDPR): purposes, categories, recipients, transfers, terms.",
    ),
    "seed": LazyCommand(
        "cli.seed:seed",
        "Create synthetic people: user1@example.com, user2@example.com ..., with the same values in every database.",
    ),
    "work": LazyCommand(
        "cli.work:work",
        "Run the background workers until stopped: letters, erasures, webhooks, audit segments and notices.",
    ),
    "completion": LazyCommand(
        "cli.completion:completion", "Print a script that completes commands and options in a shell."
    ),
    "migrate": LazyCommand(
        "cli.migrations:migrate",
        "Upgrade both databases: tables, then roles and privileges. Run it before a new version starts to serve.",
    ),
    "schema": LazyCommand("cli.schema:schema", "Print the GraphQL schema of the code."),
    "migrations": LazyCommand(
        "cli.migrations:migrations",
        "Migrate the databases, then print the differences between their tables and the tables in the code.",
    ),
    "token": LazyCommand("cli.tokens:app", "Issue, revoke and list tokens of services, people and scripts."),
    "audit": LazyCommand(
        "cli.audit_certificate:app",
        "Verify, prove, export and prune the audit log of reads and changes of personal data.",
    ),
    "grants": LazyCommand(
        "cli.access_grants:app", "The columns that each role may read or write, and the review of access grants."
    ),
    "backups": LazyCommand("cli.backups:app", "The register of backups."),
    "erasure": LazyCommand("cli.erasure:app", "Verify erasure certificates."),
    "systems": LazyCommand(
        "cli.systems:app",
        "Register internal systems: they take part in erasures and exports, and subscribe to changes.",
    ),
    "keys": LazyCommand("cli.keys:app", "Generate and rotate the master key, which wraps the key of each person."),
    "check": LazyCommand("cli.checks:app", "Find stored data that needs a review."),
    "letters": LazyCommand("cli.emails:app", "List and preview letters, and retry those that need a decision."),
    "requests": LazyCommand("cli.requests:app", "List and show rights requests."),
    "export": LazyCommand("cli.requests:export_app", "Verify exports offline."),
    "receipt": LazyCommand("cli.receipts:app", "Verify consent receipts offline."),
}


class Subcommands(LazyGroup):
    """The subcommands of ``privacy``."""

    table = COMMANDS


app = typer.Typer(
    cls=Subcommands,
    help="Serve, migrate and operate the privacy API.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.callback()(version.options)


def run() -> None:
    """Run a command; foreseeable errors end with a message and an exit status, without a traceback."""
    completion.enable_completion()
    try:
        app(prog_name="privacy")
    except Exception as problem:
        status = load("cli.failures:report")(problem)
        if status is None:
            raise
        sys.exit(status)
