"""The counter of accounts by program, version and platform. It counts blind indexes, and names them at the end."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from models.encryption.encrypted_column import EncryptedColumn
from models.statistics.disclosure_control import Contributions, people_count, protect_parts
from models.statistics.figures import ClientDimension, Figures
from models.sync.accounts import APP, PLATFORM, VERSION

COLUMNS: Final[Mapping[ClientDimension, EncryptedColumn]] = {
    ClientDimension.APP: APP,
    ClientDimension.VERSION: VERSION,
    ClientDimension.PLATFORM: PLATFORM,
}


class ClientCounter:
    """How many accounts sync with each program, version and platform, and of how many people they are."""

    def __init__(self) -> None:
        # How many people have a number of accounts of an index: few entries, in place of one for each person.
        self.people: dict[ClientDimension, Counter[tuple[int, int]]] = {dimension: Counter() for dimension in COLUMNS}
        self.without_client: Counter[int] = Counter()

    def add_people(self, dimension: ClientDimension, least: int, greatest: int, accounts: int, people: int) -> None:
        """Add people with as many accounts each, whose clients have one index, or who have one client of each index."""
        totals = self.people[dimension]
        if least == greatest:
            totals[least, accounts] += people
        else:
            totals[least, 1] += people
            totals[greatest, 1] += people

    def add_person(self, accounts: Sequence[bytes], *indexes: Sequence[int]) -> None:
        """Add the clients of one person: the account of each, and its indexes of each dimension."""
        for totals, own in zip(self.people.values(), indexes, strict=True):
            totals.update(Counter(index for index, _ in set(zip(own, accounts, strict=True))).items())

    def add_without_client(self, accounts: int, people: int = 1) -> None:
        """Add people with as many accounts each that report no client: none is no amount."""
        if accounts:
            self.without_client[accounts] += people

    def figures(self, texts: Mapping[int, str]) -> Figures:
        """Return the protected counts. Values are left out whose count is not safe, or would give away another one.

        ``texts`` names the indexes. One without a text is of people whose keys were destroyed during the computation:
        their accounts count as without a client. Of values with equal counts, the first by name is suppressed first, on
        each day.
        """
        figures: Figures = []
        for dimension, counts in self.people.items():
            values: defaultdict[str, Contributions] = defaultdict(Contributions)
            without_client = Contributions()
            for amount, people in self.without_client.items():
                without_client.merge(people_count(people, amount))
            named = ((texts.get(index, ""), amount, people) for (index, amount), people in counts.items())
            for text, amount, people in sorted(named):
                (values[text] if text else without_client).merge(people_count(people, amount))
            parts = dict(values)
            if without_client.total:
                parts[""] = without_client
            shown = protect_parts(parts)
            figures += [(f"clients {dimension}", text, shown[text]) for text in values if shown[text] is not None]
        return figures
