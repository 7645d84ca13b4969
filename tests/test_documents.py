"""The documents say what is so: their examples are run, their tables come from the code, their links lead somewhere."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from graphql import parse, validate

from api.graphql.errors import status_of
from api.graphql.schema import core
from api.settings import Settings
from cli import audit, demo
from cli.databases import OpenDatabases
from cli.main import app
from models import errors
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from tests.conftest import Api, Databases
from tests.documents import PAGES, ROOT, TABLES, Example, Likeness, anchors, commands, in_step, links, steps

README = (ROOT / "README.md").read_text()
CALLERS = (ROOT / "docs" / "callers.md").read_text()
ERRORS = (ROOT / "docs" / "errors.md").read_text()
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture
def demonstrated(api: Api, databases: Databases) -> Api:
    """Give the service with the people of the demonstration."""

    async def made() -> None:
        database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=1, timeout=10)
        keyring = Keyring(database.keyring, MasterKeys(databases.master_key))
        await keyring.load()
        await demo.people(OpenDatabases(database, keyring))
        await database.close()

    asyncio.run(made())
    return api


def renamed(value: Any, pattern: str, name: str) -> Any:
    """Give a value with other names for the bearers of tokens."""
    return json.loads(re.sub(pattern, name, json.dumps(value)))


def replay(api: Api, examples: list[Example]) -> None:
    """Do what a page does, in its order, and compare each answer with the one that the page shows."""
    likeness = Likeness()
    for example in examples:
        variables = renamed(likeness.put(example.variables), r"\bdemo (\w+)", r"\1 of the tests")
        answer = api.ask(example.role, example.document, case=example.case, **variables)
        differs = likeness.differs(example.answer, renamed(answer.body, r"\b(\w+) of the tests", r"demo \1"))
        assert not differs, f"{example.document}\n{differs}"
        assert answer.status == example.status, example.document


def test_what_the_readme_pastes_answers_as_the_readme_says(demonstrated: Api) -> None:
    examples = [
        # curl asks for application/json, where an operation that was refused before it ran is a 200, too.
        example._replace(status=403 if "FORBIDDEN" in str(example.answer) else 200)
        for example in commands(README)
    ]
    assert len(examples) == README.count("\ncurl "), "an example is not followed by its answer"
    replay(demonstrated, examples)


def test_what_callers_are_told_to_ask_answers_as_the_guide_says(demonstrated: Api) -> None:
    examples = list(steps(CALLERS))
    assert len(examples) == CALLERS.count("```graphql"), "an example has not the form of the others"
    replay(demonstrated, examples)


def test_every_operation_that_a_page_shows_fits_the_schema() -> None:
    for page in PAGES:
        for document in re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL):
            assert not validate(core, parse(document)), f"{page.name}: {document}"


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_in_step_with_the_code(name: str) -> None:
    page = (ROOT / name).read_text()
    source, table = TABLES[name]
    assert page == in_step(page, source, table()), f"{source} changed: run `make docs`"


def test_every_error_code_is_explained_with_its_message_and_status() -> None:
    rows = {
        match[1]: (match[2], int(match[3]))
        for match in re.finditer(r"^\| `([A-Z_]+)` \| ([^|]+) \| (\d+) \| [^|]+ \|$", ERRORS, re.MULTILINE)
    }
    kinds = {kind.code: kind for kind in errors.Refused.__subclasses__()}
    assert rows.keys() == kinds.keys()
    for code, (message, status) in rows.items():
        refusal = errors.BadInput("argument") if code == errors.BadInput.code else kinds[code]()
        assert (message, status) == (refusal.message, status_of([refusal])), code


def test_settings_that_a_page_names_exist() -> None:
    known = {f"PRIVACY_{name.upper()}" for name in Settings.model_fields} | {
        str(parameter.default) for command in every_command(typer.main.get_command(app)) for parameter in command.params
    }
    known |= {audit.KEY, audit.PUBLIC_KEYS}
    for page in PAGES:
        named = set(re.findall(r"PRIVACY_[A-Z][A-Z_]+[A-Z]", page.read_text()))
        assert named <= known, f"{page.name} names {named - known}"


def test_make_targets_that_a_page_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    for page in PAGES:
        for code in re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", page.read_text(), re.DOTALL):
            named = set(re.findall(r"(?:^|&& )make ([a-z]+)", "\n".join(code), re.MULTILINE))
            assert named <= targets, f"{page.name} names {named - targets}"


def test_commands_that_a_page_names_exist() -> None:
    program = typer.main.get_command(app)
    for page in PAGES:
        for code in re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", page.read_text(), re.DOTALL):
            for line in re.findall(r"(?:^|[/ ])privacy ([a-z][^\n|>#;]*)", "\n".join(code), re.MULTILINE):
                command: Any = program
                words = line.split()
                while words and hasattr(command, "commands"):
                    assert words[0] in command.commands, f"{page.name} names `privacy {line}`"
                    command = command.commands[words.pop(0)]
                options = {option for each in command.params for option in each.opts}
                asked = {word.partition("=")[0] for word in words if word.startswith("--")}
                assert asked <= options | {"--help"}, f"{page.name} names `privacy {line}`"


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in links(page.read_text()):
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
            if anchor:
                assert anchor in anchors(target.read_text()), f"{page.relative_to(ROOT)} links to {link}"


def test_every_decision_has_a_number_of_its_own_and_a_line_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert len({name[:4] for name in names}) == len(names)
    listed = (folder / "README.md").read_text()
    for name in names:
        title = (folder / name).read_text().splitlines()[0].removeprefix("# ")
        assert f"| {name[:4]} | [{title}]({name}) |" in listed


def test_words_that_the_glossary_rejects_are_used_nowhere() -> None:
    rejected = re.findall(r"\| ([^|]+) \|$", GLOSSARY, re.MULTILINE)
    words = [word for cell in rejected for word in re.findall(r"“([^”]+)”", cell)]
    assert words
    used = re.compile(rf"\b({'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
    for path in [*PAGES, ROOT / "schema.graphql", *_modules()]:
        found = used.search(path.read_text()) if path.name != "glossary.md" else None
        assert found is None, f"{path.relative_to(ROOT)} says {found[0]}"


def every_command(command: Any) -> Iterator[Any]:
    """Give a command and all below it."""
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from every_command(inner)


def _modules() -> list[Path]:
    packages = ("api", "cli", "mailers", "migrations", "models", "resolvers", "workers")
    return [path for package in packages for path in (ROOT / package).rglob("*.py")]


def test_terms_stand_in_the_glossary_in_order() -> None:
    terms = [term.casefold() for term in re.findall(r"^\| \*\*([^*]+)\*\*", GLOSSARY, re.MULTILINE)]
    assert terms == sorted(terms)
