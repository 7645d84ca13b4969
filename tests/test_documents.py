"""Tests that the documents are true: examples run, generated parts are current, and links have targets."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from api.graphql.errors import status_of
from api.graphql.schema import RELEASED_LOCATIONS, core
from api.settings import Settings
from cli import audit, demo
from cli.databases import OpenDatabases
from desk.settings import DeskSettings
from models import errors
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from tests.cli.commands import program
from tests.conftest import Api, Databases
from tests.documents import DOCUMENTS, GUIDES, TABLES, anchors, links, with_table
from tests.examples import (
    EXAMPLES,
    ROOT,
    AnswerComparator,
    Example,
    curl_examples,
    embed_examples,
    example_files,
    guide_examples,
)

README = (ROOT / "README.md").read_text()
ERRORS = (ROOT / "docs" / "errors.md").read_text()
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture
def demo_api(api: Api, databases: Databases) -> Api:
    """Return the service with the people of the demonstration."""

    async def register_people() -> None:
        database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=1, timeout=10)
        keyring = Keyring(database.keyring, MasterKeys(databases.master_key))
        await keyring.load()
        await demo.register_people(OpenDatabases(database, keyring))
        await database.close()

    asyncio.run(register_people())
    return api


def with_token_names(value: Any, pattern: str, name: str) -> Any:
    """Return a value with the names of tokens replaced."""
    return json.loads(re.sub(pattern, name, json.dumps(value)))


def run_examples(api: Api, examples: list[Example]) -> None:
    """Run examples in order, and compare each answer with the one that the document shows."""
    comparator = AnswerComparator()
    for example in examples:
        variables = with_token_names(comparator.with_real_ids(example.variables), r"\bdemo (\w+)", r"\1 of the tests")
        answer = api.ask(example.role, example.document, case=example.case, **variables)
        body = with_token_names(answer.body, r"\b(\w+) of the tests", r"demo \1")
        difference = comparator.difference(example.answer, body)
        assert not difference, f"{example.document}\n{difference}"
        assert answer.status == example.status, example.document


def test_curl_commands_of_the_readme_give_the_answers_that_it_shows(demo_api: Api) -> None:
    examples = [
        # curl asks for application/json, where an operation that is refused before it runs has the status 200.
        example._replace(status=403 if "FORBIDDEN" in str(example.answer) else 200)
        for example in curl_examples(README)
    ]
    assert len(examples) == README.count("\ncurl "), "an example is not followed by its answer"
    run_examples(demo_api, examples)


def test_examples_of_the_guides_give_the_answers_that_they_show(demo_api: Api) -> None:
    run_examples(demo_api, [example for guide in GUIDES for example in guide_examples(guide.read_text())])


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_guides_show_the_current_example_files(guide: Path) -> None:
    page = guide.read_text()
    assert page == embed_examples(page), f"an example of {guide.name} changed: run `make docs`"
    assert page.count("```graphql") == len(list(guide_examples(page))), "an example has a form of its own"


def test_every_example_file_is_used_by_a_guide() -> None:
    used = {name for guide in GUIDES for name in example_files(guide.read_text())}
    assert used == {path.name for path in EXAMPLES.iterdir()}


def test_every_guide_is_run() -> None:
    folder = ROOT / "docs" / "guides"
    # clients.md has no operations: `make clients` runs its scripts.
    assert {guide.name for guide in GUIDES} == {path.name for path in folder.glob("*.md")} - {"README.md", "clients.md"}


def test_every_operation_that_a_document_shows_fits_the_schema() -> None:
    for page in DOCUMENTS:
        for document in re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL):
            assert not validate(core, parse(document)), f"{page.name}: {document}"


@pytest.mark.parametrize("name", TABLES)
def test_generated_tables_are_current(name: str) -> None:
    page = (ROOT / name).read_text()
    source, table = TABLES[name]
    assert page == with_table(page, source, table()), f"{source} changed: run `make docs`"


def test_every_error_code_is_explained_with_its_message_and_status() -> None:
    rows = {
        match[1]: (match[2], int(match[3]))
        for match in re.finditer(r"^\| `([A-Z_]+)` \| ([^|]+) \| (\d+) \| [^|]+ \|$", ERRORS, re.MULTILINE)
    }
    kinds = {kind.code: kind for kind in errors.Refusal.__subclasses__()}
    assert rows.keys() == kinds.keys()
    for code, (message, status) in rows.items():
        refusal = errors.BadInput("argument") if code == errors.BadInput.code else kinds[code]()
        assert (message, status) == (refusal.message, status_of([refusal])), code


def test_settings_that_a_document_names_exist() -> None:
    known = {f"PRIVACY_{name.upper()}" for name in Settings.model_fields} | {
        str(parameter.default) for command in every_command(program()) for parameter in command.params
    }
    known |= {f"PRIVACY_DESK_{name.upper()}" for name in DeskSettings.model_fields} | {"PRIVACY_DESK_OIDC_"}
    known |= {audit.KEY, audit.PUBLIC_KEYS}
    for page in DOCUMENTS:
        named = set(re.findall(r"PRIVACY_[A-Z][A-Z_]+[A-Z]", page.read_text()))
        assert named <= known, f"{page.name} names {named - known}"


def test_make_targets_that_a_document_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    for page in DOCUMENTS:
        for code in re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", page.read_text(), re.DOTALL):
            named = set(re.findall(r"(?:^|&& )make ([a-z]+)", "\n".join(code), re.MULTILINE))
            assert named <= targets, f"{page.name} names {named - targets}"


def test_commands_that_a_document_names_exist() -> None:
    command_tree = program()
    for page in DOCUMENTS:
        for code in re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", page.read_text(), re.DOTALL):
            for line in re.findall(r"(?:^|[/ ])privacy ([a-z][^\n|>#;]*)", "\n".join(code), re.MULTILINE):
                command: Any = command_tree
                words = line.split()
                while words and hasattr(command, "commands"):
                    assert words[0] in command.commands, f"{page.name} names `privacy {line}`"
                    command = command.commands[words.pop(0)]
                known = {option for parameter in command.params for option in parameter.opts}
                named = {word.partition("=")[0] for word in words if word.startswith("--")}
                assert named <= known | {"--help"}, f"{page.name} names `privacy {line}`"


def test_links_have_targets() -> None:
    for page in DOCUMENTS:
        for link in links(page.read_text()):
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
            if anchor:
                assert anchor in anchors(target.read_text()), f"{page.relative_to(ROOT)} links to {link}"


def test_paths_that_a_document_names_exist() -> None:
    path = r"`((?:api|benchmarks|cli|docs|mailers|migrations|models|resolvers|tests|workers)/[\w./-]*)`"
    for page in [page for page in DOCUMENTS if page.name != "CHANGELOG.md"]:
        for name in re.findall(path, page.read_text()):
            assert (ROOT / name).exists(), f"{page.relative_to(ROOT)} names {name}"


def test_each_promise_of_the_policy_names_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "policy.md").read_text()
    rows = re.findall(r"^\| [“\"].*\| ((?:`[\w/.]+::\w+`(?:, )?)+) \|$", page, re.MULTILINE)
    assert len(rows) == page.count("\n| ") - 1
    for path, name in re.findall(r"`([\w/.]+)::(\w+)`", "".join(rows)):
        assert f"def {name}(" in (ROOT / "tests" / path).read_text(), f"{path}::{name}"


def test_every_decision_has_a_number_of_its_own_and_a_line_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert len({name[:4] for name in names}) == len(names)
    index = (folder / "README.md").read_text()
    for name in names:
        title = (folder / name).read_text().splitlines()[0].removeprefix("# ")
        assert f"| {name[:4]} | [{title}]({name}) |" in index


def test_terms_of_the_glossary_are_in_order() -> None:
    terms = [term.casefold() for term in re.findall(r"^\| \*\*([^*]+)\*\*", GLOSSARY, re.MULTILINE)]
    assert terms
    assert terms == sorted(terms)


def every_command(command: Any) -> Iterator[Any]:
    """Yield a command and all commands below it."""
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from every_command(inner)


def test_introspection_lists_the_directive_locations_of_the_released_specification_only(api: Api) -> None:
    for role in sorted(api.secrets):
        directives = api.ask(role, "{ __schema { directives { name locations } } }").data["__schema"]["directives"]
        assert {location for directive in directives for location in directive["locations"]} <= RELEASED_LOCATIONS
        [deprecated] = [each for each in directives if each["name"] == "deprecated"]
        fields = {"FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INPUT_FIELD_DEFINITION", "ENUM_VALUE"}
        assert set(deprecated["locations"]) == fields
