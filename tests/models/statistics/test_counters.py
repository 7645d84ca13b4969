"""Tests of the figures of a day: groups of few people, and those that one person dominates, are not shown."""

import os
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.encryption.encrypted_column import DataKey
from models.statistics.counters import (
    ChoiceCounter,
    ClientCounter,
    Figures,
    RequestCounter,
    RequestCounts,
    StorageCounter,
)
from models.sync.accounts import APP, PLATFORM, VERSION


def named(figures: Figures) -> dict[str, int | None]:
    return {name: value for _, name, value in figures}


def shown(counter: ClientCounter) -> Figures:
    """Return the figures at the end of a page."""
    counter.end_page()
    return counter.figures()


def add_clients(counter: ClientCounter, app: str, accounts: int, *, without_client: int = 0) -> None:
    """Add one person with accounts of one program."""
    key = DataKey(uuid4(), AESGCM(os.urandom(32)))
    texts = APP.encrypt(key, app), VERSION.encrypt(key, "5.1"), PLATFORM.encrypt(key, "macOS")
    counter.add_person(key, [(key.owner_id, uuid4().bytes, *texts) for _ in range(accounts)])
    if without_client:
        counter.add_without_client([without_client])


def add_storage(counter: StorageCounter, *sizes: int, people: int = 1) -> None:
    """Add people with accounts of these sizes each."""
    counter.add_people(people, len(sizes), people * sum(sizes), [sum(sizes)] * min(people, 2))
    counter.add_sizes(sizes * people)


def test_bytes_that_are_mostly_one_persons_are_not_shown() -> None:
    counter = StorageCounter()
    add_storage(counter, 1_000_000, people=99)
    add_storage(counter, 98_000_000)
    assert named(counter.figures()) == {"accounts": 100, "total": 200_000_000, "median": 1_000_000, "p90": 1_000_000}
    counter = StorageCounter()
    add_storage(counter, 1_000_000, people=99)
    add_storage(counter, 30_000_000, 30_000_000, 40_000_000)
    assert named(counter.figures()) == {"accounts": 100, "total": None, "median": 1_000_000, "p90": 1_000_000}


def test_twenty_accounts_of_few_people_are_no_group() -> None:
    counter = StorageCounter()
    add_storage(counter, *[1000] * 5, people=19)
    assert set(named(counter.figures()).values()) == {None}
    add_storage(counter, *[1000] * 100)
    assert set(named(counter.figures()).values()) == {None}, "one person has more than half of the accounts"


def test_a_program_that_few_people_use_on_many_accounts_is_left_out() -> None:
    counter = ClientCounter()
    for _ in range(40):
        add_clients(counter, "Planner", 1)
    for _ in range(21):
        add_clients(counter, "Outliner", 2)
    for _ in range(10):
        add_clients(counter, "Rare", 3)
    counts = {(topic, name): count for topic, name, count in shown(counter)}
    assert counts["clients APP", "Outliner"] == 40
    assert ("clients APP", "Rare") not in counts
    assert ("clients APP", "Planner") not in counts, "else the accounts of the rare program are the rest of the total"
    assert counts["clients VERSION", "5.1"] == 110


def test_accounts_without_a_client_cannot_be_subtracted_out_of_all_accounts() -> None:
    counter = ClientCounter()
    for number in range(50):
        add_clients(counter, "Planner" if number < 25 else "Outliner", 1, without_client=number == 0)
    assert [name for topic, name, _ in shown(counter) if topic == "clients APP"] == ["Planner"], "always the same one"


def test_several_clients_of_one_account_count_as_one() -> None:
    counter = ClientCounter()
    reports = [("Planner", "5.1", "macOS"), ("Planner", "5.2", "macOS"), ("Planner", "5.2", "iOS")]
    for _ in range(20):
        key, account = DataKey(uuid4(), AESGCM(os.urandom(32))), uuid4().bytes
        clients = [(APP.encrypt(key, a), VERSION.encrypt(key, v), PLATFORM.encrypt(key, p)) for a, v, p in reports]
        counter.add_person(key, [(key.owner_id, account, *client) for client in clients])
    assert named(shown(counter)) == {"Planner": 20, "5.1": 20, "5.2": 20, "macOS": 20, "iOS": 20}


def test_choices_add_up_to_the_people() -> None:
    counter = ChoiceCounter()
    counter.add_people(100, 10)
    counter.add_choices("newsletter", 30, 0, is_granted=True)
    counter.add_choices("newsletter", 25, 5, is_granted=False)
    figures = named(counter.figures({"newsletter": "CONSENT"}))
    assert figures == {"granted": 30, "withdrawn": 30, "never_asked": 40}


def test_requests_of_few_people_are_not_shown_even_by_subtraction() -> None:
    counter = RequestCounter()
    for _ in range(30):
        counter.add_person("ACCESS", 2026, RequestCounts(1, 1, 0, 0), [4])
    for _ in range(25):
        counter.add_person("ACCESS", 2026, RequestCounts(1, 0, 1, 0), [])
    assert named(counter.figures()) == {
        "received": 55,
        "completed": 30,
        "denied": None,
        "overdue": None,
        "median_days": 4,
    }, "nobody's request is open: the denied ones hide that"
    counter.add_person("ACCESS", 2026, RequestCounts(70, 70, 0, 70), [9] * 70)
    assert set(named(counter.figures()).values()) == {None}, "one person has most of the requests"
