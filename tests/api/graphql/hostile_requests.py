"""Writes requests that cost as much as the limits allow, or more: bodies of one seed, each with its kind and role."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from graphql import get_introspection_query

from models.actors import Role


class HostileRequest(NamedTuple):
    """One request, as it is sent."""

    kind: str
    role: Role
    body: bytes


DECIDE = 'consentDecisions(subjects: %s, purpose: "newsletter") { subjectId allowed reason effectiveAt }'
EVENTS = "accessEvents(first: %d) { edges { node { id at actor role case action fields operation } cursor } }"
PERSON = (
    "id status registeredAt displayName country emails { address isPrimary verifiedAt } accounts { system reference } "
    "consents { state channel effectiveAt lapsesAt policyVersion purpose { key title legalBasis } } "
    "syncAccounts { id reference clients { app userAgent } } rightsRequests { id state }"
)
REFUSED = f"{PERSON} paymentFragments {{ id reference lastDigits }}"
"""What no desk role may read together."""
UNITS = (
    "a",
    "4 ",
    "4",
    "4111 1111 1111 1112 ",
    "1.",
    "1:",
    "é",
    "\u0661",
    "\u0661 ",
    "\ufb01",
    "\n",
    '"',
    "\\",
    "x4",
    "\uff10",
    "-",
    "{",
    "😀",
)
NAMES = ("viewer", "subject", "name", "id", "node", "edges", "__typename", "__schema", "consents", "nope")


class Attacker:
    """Writes requests of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def requests(self, count: int) -> Iterator[HostileRequest]:
        """Yield requests of all kinds in turn."""
        kinds: list[Callable[[], HostileRequest]] = [
            self.lists,
            self.literal_lists,
            self.text,
            self.texts,
            self.values,
            self.introspections,
            self.pages,
            self.sync,
            self.fields,
            self.fragments,
            self.arguments,
            self.broken,
            self.definitions,
            self.choices,
        ]
        for number in range(count):
            yield kinds[number % len(kinds)]()

    def _request(self, kind: str, role: Role, query: str, **variables: Any) -> HostileRequest:
        body = json.dumps({"query": query, "variables": variables}, ensure_ascii=self.random.random() < 0.3)
        return HostileRequest(kind, role, body.encode("utf-8", "surrogatepass")[: 1024 * 1024])

    def address(self, style: int, number: int) -> str:
        domains = (
            "example.com",
            "exämple.com",
            "xn--exmple-cua.com",
            "EXAMPLE.com",
            "a--b.example.com",
            "例え.example.org",
        )
        local = ("user", "Ünser", "u.s.e.r", "ß", "用户", "no@at", '"quoted ')[style % 7]
        return f"{local}{number}@{domains[style % len(domains)]}"

    def people(self, count: int) -> dict[str, Any]:
        style = self.random.randrange(42)
        kind = self.random.choice(("emails", "emails", "emails", "ids", "accounts"))
        if kind == "ids":
            return {"ids": [f"sub_{number:032x}" for number in range(count)]}
        if kind == "accounts":
            return {
                "accounts": [
                    {"system": "store", "reference": f"{'ü' * (style % 3)}{number}"} for number in range(count)
                ]
            }
        return {"emails": [self.address(style, number) for number in range(count)]}

    def lists(self) -> HostileRequest:
        count, aliases = self.random.choice(((1000, 1), (1000, 2), (1000, 20), (250, 10), (125, 20), (5000, 1)))
        role = self.random.choice((Role.STORE, Role.SYNC, Role.ADMIN))
        fields = " ".join(f"a{number}: {DECIDE % '$who'}" for number in range(aliases))
        return self._request("lists", role, f"query($who: SubjectsBy!) {{ {fields} }}", who=self.people(count))

    def literal_lists(self) -> HostileRequest:
        """Name people as literals, in several fields of one operation, the same or others."""
        fields, count = [], self.random.randrange(1, 900)
        for number in range(self.random.randrange(1, 20)):
            emails = json.dumps([self.address(number, each) for each in range(count // 20)], ensure_ascii=False)
            fields.append(f"a{number}: {DECIDE % f'{{emails: {emails}}}'}")
        return self._request("literal lists", Role.STORE, "{" + " ".join(fields) + "}")

    def text(self) -> HostileRequest:
        unit = self.random.choice(UNITS)
        length = self.random.choice((9_000, 10_000, 70_000, 500_000, 1_000_000)) // len(unit.encode())
        query = "query($a: String!) { subject(by: {email: $a}) { id } }"
        return self._request("text", Role.STORE, query, a=unit * length)

    def texts(self) -> HostileRequest:
        """Send many texts, which together are as long as a body may be."""
        unit, length = self.random.choice(UNITS), self.random.choice((13, 40, 300, 3_000, 9_900))
        text = (unit * length)[:length]
        count = min(self.random.choice((100, 1_000, 5_000, 9_000)), 900_000 // (len(text.encode()) + 3))
        query = 'query($a: [String!]!) { consentDecisions(subjects: {emails: $a}, purpose: "newsletter") { allowed } }'
        return self._request("texts", Role.STORE, query, a=[text] * count)

    def values(self) -> HostileRequest:
        value: Any = self.random.choice((1, "a", None, 4111111111111111, 0.5, "\ud800", "\u0000"))
        shape = self.random.randrange(5)
        size = self.random.choice((100, 900, 5_000, 60_000, 200_000))
        if shape == 0:
            value = [value] * size
        elif shape == 1:
            value = {f"k{number}": value for number in range(min(size, 60_000))}
        elif shape == 2:
            value = [{"a": value}] * min(size, 90_000)
        else:
            for _ in range(min(size, 450)):
                value = [value] if shape == 3 else {"input" * self.random.randrange(1, 200): value}
        return self._request("values", Role.STORE, "query($a: String) { viewer { role } }", a=value)

    def introspections(self) -> HostileRequest:
        count, role = self.random.choice((1, 2, 4, 5, 10, 20)), self.random.choice((*Role,))
        inner = get_introspection_query().partition("__schema")[2]
        body, _, fragments = inner.partition("fragment ")
        fields = " ".join(f"a{number}: __schema {body.strip()[:-1]}" for number in range(count))
        return self._request("introspections", role, f"query {{ {fields} }} fragment {fragments}")

    def pages(self) -> HostileRequest:
        first, inner, aliases = (self.random.choice((1, 10, 50, 100)) for _ in range(3))
        page = self.random.choice((EVENTS % inner, PERSON, f"{PERSON} {EVENTS % inner}", "id", REFUSED))
        fields = " ".join(
            f"a{number}: subjects(first: {first}) {{ edges {{ node {{ {page} }} cursor }} }}"
            for number in range(min(aliases, 20))
        )
        return self._request("pages", Role.PRIVACY, f"query {{ {fields} }}")

    def sync(self) -> HostileRequest:
        name = self.random.choice(("a.txt", "4111 1111 1111 1111", "é" * 200, "1" * 250, "4:" * 120))
        count, aliases = self.random.choice(((1000, 1), (1000, 4), (1000, 20), (300, 15), (1001, 1), (3000, 1)))
        files = [
            {"name": f"{name}{number}", "sizeBytes": number, "modifiedAt": "2026-01-01T00:00:00Z"}
            for number in range(count)
        ]
        report = {
            "reference": "r",
            "storageBytes": 1,
            "fileCount": 1,
            "syncedAt": "2026-01-02T00:00:00Z",
            "files": files,
        }
        fields = " ".join(
            f'a{number}: recordSync(subject: {{email: "hostile@example.com"}}, input: $input) {{ id }}'
            for number in range(aliases)
        )
        return self._request("sync", Role.SYNC, f"mutation($input: SyncInput!) {{ {fields} }}", input=report)

    def fields(self) -> HostileRequest:
        count = self.random.choice((50, 400, 900, 2000))
        name = self.random.choice(NAMES)
        alias = self.random.random() < 0.3
        inner = " ".join(f"a{number}: {name}" if alias else name for number in range(count))
        query = self.random.choice(
            ("{%s}", "{viewer{%s}}", '{subject(by:{id:"x"}){%s}}', '{node(id:"x"){...on Subject{%s}}}')
        )
        return self._request("fields", self.random.choice((*Role,)), query % inner)

    def fragments(self) -> HostileRequest:
        count = self.random.choice((5, 20, 60, 98))
        spreads = self.random.choice((1, 2, 5))
        of = self.random.choice(("Viewer", "Query", "Subject"))
        parts = [
            f"fragment F{number} on {of} {{ "
            + " ".join(f"...F{(number + self.random.randrange(1, 4)) % (count + 1)}" for _ in range(spreads))
            + f" {self.random.choice(NAMES)} }}"
            for number in range(count)
        ]
        parts.append(f"fragment F{count} on {of} {{ __typename }}")
        root = {"Viewer": "{viewer{...F0}}", "Query": "{...F0}", "Subject": '{subject(by:{id:"x"}){...F0}}'}[of]
        return self._request("fragments", Role.PRIVACY, f"{root} {' '.join(parts)}")

    def arguments(self) -> HostileRequest:
        entry = self.random.choice(("1", '"a"', "NOPE", "null", "[]", "{}", '"4111 1111 1111 1111"', "{id:1}", "$v"))
        entries = " ".join([entry] * self.random.choice((10, 300, 1000, 1900)))
        query = self.random.choice(
            (
                'mutation{optOut(subject:{id:"x"},channel:STORE,purposes:[%s]){at}}',
                'mutation{issueToken(name:"a",roles:[%s]){secret}}',
                '{consentDecisions(subjects:{ids:[%s]},purpose:"newsletter"){allowed}}',
                '{consentDecisions(subjects:{accounts:[%s]},purpose:"newsletter"){allowed}}',
            )
        )
        return self._request("arguments", Role.ADMIN, query % entries)

    def broken(self) -> HostileRequest:
        text = self.random.choice(("\n", "#\n", ",", "{viewer{name}}", '"', '"""', "{a(b:", "...", "@a", "\ufeff", "é"))
        return self._request(
            "broken", Role.STORE, text * (self.random.choice((10, 1_000, 32_000, 60_000)) // len(text))
        )

    def definitions(self) -> HostileRequest:
        count = self.random.choice((10, 99, 101, 400))
        variables = "".join(
            f"$v{number}:{self.random.choice(('Int', '[Int]', 'SubjectBy'))} " for number in range(count)
        )
        query = self.random.choice(
            (
                " ".join(f"query Q{number}{{viewer{{name}}}}" for number in range(count)),
                f"query({variables}){{viewer{{name}}}}",
                "{viewer{name " + "@skip(if:true)" * count + "}}",
                "{viewer{name " + "@include(if:$v0)" * count + "}}",
            )
        )
        return self._request("definitions", Role.STORE, query)

    def choices(self) -> HostileRequest:
        """Choose a new variant of the plan: each combination of Boolean variables is a variant."""
        count = 12
        declared = " ".join(f"$b{number}: Boolean!" for number in range(count))
        fields = " ".join(
            f"a{number}: subject(by: {{email: $a}}) @include(if: $b{number}) {{ {PERSON} }}" for number in range(count)
        )
        variables = {f"b{number}": self.random.random() < 0.5 for number in range(count)}
        query = f"query({declared}, $a: String!) {{ {fields} }}"
        return self._request("choices", Role.PRIVACY, query, a="person0@example.com", **variables)
