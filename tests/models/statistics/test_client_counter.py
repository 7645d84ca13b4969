"""Tests of the counts of programs: those of few people, or that one person dominates, are not shown."""

from models.statistics.client_counter import ClientCounter
from models.statistics.figures import ClientDimension, Figures

TEXTS = ("Planner", "Outliner", "Rare", "5.1", "5.2", "macOS", "iOS")
"""The texts, whose places serve as indexes."""


def named(figures: Figures) -> dict[str, int | None]:
    return {name: value for _, name, value in figures}


def shown(counter: ClientCounter) -> Figures:
    return counter.figures(dict(enumerate(TEXTS)))


def add_clients(counter: ClientCounter, app: str, accounts: int, *, without_client: int = 0) -> None:
    """Add one person with accounts of one program."""
    indexes = ([TEXTS.index(text)] * accounts for text in (app, "5.1", "macOS"))
    counter.add_person([bytes([number]) for number in range(accounts)], *indexes)
    counter.add_without_client(without_client)


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
        indexes = ([TEXTS.index(text) for text in texts] for texts in zip(*reports, strict=True))
        counter.add_person([b"account"] * 3, *indexes)
    assert named(shown(counter)) == {"Planner": 20, "5.1": 20, "5.2": 20, "macOS": 20, "iOS": 20}


def test_people_with_equal_clients_count_with_all_their_accounts() -> None:
    counter = ClientCounter()
    old, new = TEXTS.index("5.1"), TEXTS.index("5.2")
    counter.add_people(ClientDimension.VERSION, old, old, 3, 20)
    counter.add_people(ClientDimension.VERSION, old, new, 2, 20)
    counter.add_people(ClientDimension.VERSION, old, new, 1, 20)
    assert named(shown(counter)) == {"5.1": 100, "5.2": 40}


def test_clients_whose_keys_were_destroyed_meanwhile_count_as_none() -> None:
    counter = ClientCounter()
    for index, people in ((TEXTS.index("Planner"), 60), (TEXTS.index("Outliner"), 50), (-1, 1)):
        counter.add_people(ClientDimension.APP, index, index, 1, people)
    assert named(shown(counter)) == {"Planner": 60}, "else the one account is the rest of the total"
