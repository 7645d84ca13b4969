"""Scripted operations: shown first, done with --yes, once or for each line; failures are listed without values."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from typer.testing import CliRunner

from cli.bulk.job import CHUNK_SIZE
from cli.main import app
from tests.cli.commands import Ran, privacy, start
from tests.conftest import Api, World

OPT_OUT = (
    "mutation OptOut($subject: SubjectBy!, $channel: Channel!) "
    "{ optOutOfAll(subject: $subject, channel: $channel) { at } }"
)
DECISION = (
    "query Ask($subject: SubjectBy!, $purpose: String!) "
    "{ consentDecision(subject: $subject, purpose: $purpose) { allowed reason } }"
)
REGISTER = "mutation Add($input: RegisterSubjectInput!) { registerSubject(input: $input) { id } }"
SYNC = "mutation Sync($by: SubjectBy!, $input: SyncInput!) { recordSync(subject: $by, input: $input) { storageBytes } }"


class Script:
    """A directory with a document, lines and a token, as the author of a script has them."""

    def __init__(self, api: Api, at: Path) -> None:
        self.api = api
        self.at = at
        (at / "tokens.json").write_text(json.dumps(api.secrets))

    def words(self, document: str, *more: str, role: str = "ADMIN", lines: list[str] | None = None) -> list[str]:
        (self.at / "asked.graphql").write_text(document)
        words = ["query", "asked.graphql", "--url", self.api.url, "--token-file", "tokens.json", "--role", role, *more]
        if lines is not None:
            (self.at / "lines.csv").write_text("".join(f"{line}\n" for line in lines))
            words += ["--each", "lines.csv"]
        return words

    async def run(self, document: str, *more: str, role: str = "ADMIN", lines: list[str] | None = None) -> Ran:
        return await privacy(*self.words(document, *more, role=role, lines=lines), at=self.at)

    def failures(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.at / "lines.csv.failures.jsonl").read_text().splitlines()]


@pytest.fixture
def script(api: Api, tmp_path: Path) -> Script:
    return Script(api, tmp_path)


async def opted_out(world: World) -> int:
    async with world.database.readers.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM subjects WHERE opted_out_at IS NOT NULL"))


@pytest.mark.anyio
async def test_a_query_runs_at_once_and_prints_json(script: Script) -> None:
    script.api.register("ada@example.com")
    ran = await script.run(DECISION, "--var", "subject.email=ada@example.com", "--var", "purpose=newsletter")
    assert ran.code == 0
    assert json.loads(ran.out) == {"data": {"consentDecision": {"allowed": False, "reason": "NEVER_ASKED"}}}
    ran = await script.run(DECISION, "--var", "subject.email=ada@example.com", "--var", "purpose=nothing")
    assert ran.code == 1
    assert json.loads(ran.out)["errors"][0]["extensions"]["code"] == "UNKNOWN_PURPOSE"


@pytest.mark.anyio
async def test_invisible_characters_of_an_answer_are_escaped(script: Script) -> None:
    name = "A\u200b\u200fé\U000e0041"
    script.api.register("ada@example.com", displayName=name)
    document = '{ subject(by: { email: "ada@example.com" }) { displayName } }'
    ran = await script.run(document, "--case", "case/1", role="SUPPORT")
    assert json.loads(ran.out) == {"data": {"subject": {"displayName": name}}}
    assert '"A\\u200b\\u200fé\\udb40\\udc41"' in ran.out


@pytest.mark.anyio
async def test_a_mutation_is_shown_first_and_done_with_yes(script: Script, world: World) -> None:
    script.api.register("ada@example.com")
    words = ["--var", "subject.email=ada@example.com", "--var", "channel=MAIL"]
    shown = await script.run(OPT_OUT, *words)
    assert (shown.code, await opted_out(world)) == (0, 0)
    assert "add --yes to send it" in shown.out
    assert "ada@" not in shown.out
    done = await script.run(OPT_OUT, *words, "--yes")
    assert (done.code, await opted_out(world)) == (0, 1)


@pytest.mark.anyio
async def test_each_line_is_asked_and_failures_are_listed_without_values(script: Script, world: World) -> None:
    for number in range(40):
        script.api.register(f"user{number}@example.com", account={"system": "store", "reference": f"c{number}"})
    lines = ["subject.email,$subject.account.system,subject.account.reference"]
    lines += [f"user{number}@example.com,," for number in range(20)]
    lines += [f",store,c{number}" for number in range(20, 40)]
    lines += ["zebra,,", ",store,zebra", "zebra@example.com,store,zebra", "zebra", "", "4111111111111111,,"]
    shown = await script.run(OPT_OUT, "--var", "channel=MAIL", lines=lines)
    assert (shown.code, await opted_out(world)) == (0, 0)
    assert "44 lines would be sent; 1 lines do not fit" in shown.out
    assert "subject.email: (17 characters)" in shown.out
    assert "user0" not in shown.out

    ran = await script.run(OPT_OUT, "--var", "channel=MAIL", "--yes", lines=lines)
    assert (ran.code, ran.count("lines done"), await opted_out(world)) == (1, 40, 40)
    assert [(line["line"], line["code"]) for line in script.failures()] == [
        (42, "BAD_INPUT"),
        (43, "SUBJECT_NOT_FOUND"),
        (44, "BAD_INPUT"),
        (45, "BAD_INPUT"),
        (47, "CARD_NUMBER_REFUSED"),
    ]
    for text in (json.dumps(script.failures()), ran.out, ran.errors):
        assert "zebra" not in text
        assert "41111111" not in text
    assert not (script.at / "lines.csv.progress").exists()


@pytest.mark.anyio
async def test_an_open_quote_costs_only_the_lines_that_are_listed(script: Script, world: World) -> None:
    lines = ["sep=;", "input.email;input.displayName", *(f"user{number}@example.com;Ada" for number in range(3, 401))]
    lines[200] = 'user201@example.com;"Ada'
    ran = await script.run(REGISTER, "--yes", lines=lines)
    assert (ran.code, ran.count("lines done"), ran.count("BAD_INPUT")) == (1, 298, 100)
    listed = script.failures()
    assert [failure["line"] for failure in listed] == list(range(201, 301))
    assert {failure["problem"] for failure in listed} == {"a quote is not closed: lines 201 to 300"}


@pytest.mark.anyio
async def test_texts_become_what_the_variables_are(script: Script) -> None:
    header = "by.email,input.reference,input.storageBytes,input.fileCount,input.syncedAt,input.client"
    client = '"{""app"": ""A"", ""version"": ""1"", ""platform"": ""P"", ""userAgent"": ""U""}"'
    script.api.register("ada@example.com")
    lines = [
        header,
        f"ada@example.com,s1,9000000000000,12,2026-01-01T00:00:00Z,{client}",
        "ada@example.com,s2,1,1,2026-01-01T00:00:00Z,",
        "ada@example.com,s3,many,1,2026-01-01T00:00:00Z,",
        "ada@example.com,s4,1,1,2026-01-01T00:00:00Z,{",
    ]
    ran = await script.run(SYNC, "--yes", "--answers", "answers.jsonl", role="SYNC", lines=lines)
    assert (ran.code, ran.count("lines done")) == (1, 2)
    assert [(line["line"], line["argument"]) for line in script.failures()] == [
        (4, "input.storageBytes"),
        (5, "input.client"),
    ]
    answers = [json.loads(line) for line in (script.at / "answers.jsonl").read_text().splitlines()]
    assert answers == [
        {"line": 2, "data": {"recordSync": {"storageBytes": 9_000_000_000_000}}},
        {"line": 3, "data": {"recordSync": {"storageBytes": 1}}},
    ]
    assert (script.at / "answers.jsonl").stat().st_mode & 0o777 == 0o600
    added = await script.run(REGISTER, "--yes", lines=["input.email,input.isUnder13", "kid@example.com,TRUE"])
    assert (added.code, script.failures()) == (1, [{"line": 2, "code": "UNDERAGE"}])


@pytest.mark.anyio
async def test_killed_and_run_again_every_line_is_asked(script: Script, world: World) -> None:
    lines = ["input.email", *(f"user{number}@example.com" for number in range(1500))]
    words = script.words(REGISTER, "--yes", lines=lines)
    process = await start(*words, at=script.at)
    with anyio.fail_after(60):
        async with world.database.readers.acquire() as connection:
            while await connection.fetchval("SELECT count(*) FROM subjects") < 2 * CHUNK_SIZE:  # noqa: ASYNC110 -- not ours
                await anyio.sleep(0.002)
    await process.kill()
    done = json.loads((script.at / "lines.csv.progress").read_bytes())["done"]
    assert CHUNK_SIZE <= done < 1500
    # Another operation on the same file is another work.
    other = await script.run(DECISION, "--var", "purpose=support", "--yes", lines=["subject.email", *lines[1:3]])
    assert "resuming" not in other.errors
    ran = await script.run(REGISTER, "--yes", lines=lines)
    assert (ran.code, ran.count("lines done")) == (0, 1500)
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM subjects") == 1500


@pytest.mark.parametrize(
    ("document", "more", "lines", "sentence"),
    [
        ("query {", [], None, "line 1 of the file"),
        (DECISION, ["--var", "colour=red"], None, "its variables: $subject, $purpose"),
        (DECISION, ["--var", "subject.name=x"], None, "its keys: id, email, account"),
        (DECISION, ["--var", "purpose=x"], None, "$subject must be set"),
        (DECISION, ["--var", "purpose"], None, "NAME=VALUE"),
        (DECISION, ["--var", "purpose=x"], ["subject.email,purpose"], "$purpose is set twice"),
        (DECISION, [], [""], "must name variables"),
        (DECISION, [], ["\0e\0m\0a\0i\0l"], "save it as UTF-8"),
        (OPT_OUT, ["--var", "channel=PIGEON"], None, "it is not one of STORE"),
        ("query A { viewer { name } } query B { viewer { name } }", [], None, "--operation: A, B"),
        ("{ viewer { name } }", ["--url", "http://privacy.example.com"], None, "https://"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(  # noqa: PLR0913, PLR0917 -- what is tried, and where
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    document: str,
    more: list[str],
    lines: list[str] | None,
    sentence: str,
) -> None:
    words = script.words(document, *more, lines=lines)
    monkeypatch.chdir(script.at)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.replace("│", " ").split())


@pytest.mark.anyio
async def test_an_operation_that_may_not_run_stops_at_once(script: Script) -> None:
    document = "query Look($by: SubjectBy!) { subject(by: $by) { emails { address } } }"
    ran = await script.run(document, "--yes", lines=["by.email", "a@example.com", "b@example.com"])
    assert ran.code == 1
    assert "FORBIDDEN" in ran.errors
    assert "Subject.emails: SUPPORT, BILLING, PRIVACY" in ran.errors
    assert "Traceback" not in ran.errors


@pytest.mark.anyio
async def test_without_a_token_it_says_how_to_get_one(script: Script) -> None:
    (script.at / "asked.graphql").write_text("{ viewer { name } }")
    ran = await privacy("query", "asked.graphql", at=script.at)
    assert ran.code == 2
    assert "privacy token issue" in " ".join(ran.errors.replace("│", " ").split())
    (script.at / "var").mkdir()
    (script.at / "var" / "demo-tokens.json").write_text(json.dumps(script.api.secrets))
    ran = await privacy("query", "asked.graphql", "--role", "ADMIN", "--url", script.api.url, at=script.at)
    assert json.loads(ran.out) == {"data": {"viewer": {"name": "admin of the tests"}}}
    variables = {"PRIVACY_TOKEN": script.api.secrets["STORE"]}
    ran = await privacy("query", "asked.graphql", "--url", script.api.url, variables=variables, at=script.at)
    assert json.loads(ran.out) == {"data": {"viewer": {"name": "store of the tests"}}}
