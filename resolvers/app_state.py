"""The objects that all requests of one process share: pools, keys, batch loaders and limits."""

from datetime import timedelta

from models.access.database_roles import READERS
from models.access.people_limits import NO_RATES, Rates
from models.access.tokens import DEFAULT_LIFETIMES, TokenLifetimes
from models.consent.decision_counts import DecisionCounts
from models.encryption.keyring import Keyring
from models.incidents.reporting import DEFAULT_PEOPLE_LIMIT
from models.receipts.receipts import Controller, ReceiptIssuer
from models.requests.intake import COOLING_OFF
from models.storage.database import Database
from models.storage.turns import TurnQueue
from resolvers.batch_loader import SLOW_COMMIT_SECONDS, BatchLoader
from resolvers.pagination import CursorCodec
from resolvers.people_limiter import PeopleLimiter
from resolvers.read_routing import ReadRouter
from resolvers.recent_reads import RecentReads
from resolvers.recent_refusals import RecentRefusals


class AppState:
    """The objects that all requests of one process share."""

    def __init__(  # noqa: PLR0913 -- the settings of a process
        self,
        database: Database,
        keyring: Keyring,
        *,
        grace: timedelta = COOLING_OFF,
        public_url: str = "",
        token_life: TokenLifetimes = DEFAULT_LIFETIMES,
        token_rates: Rates = NO_RATES,
        role_rates: Rates = NO_RATES,
        incident_people: int = DEFAULT_PEOPLE_LIMIT,
        controller: Controller = Controller("", "", None, ""),  # noqa: B008 -- immutable
        decides_on_replicas: bool = False,
    ) -> None:
        self.limiter = PeopleLimiter(database, token_rates, role_rates)
        self.database = database
        self.keyring = keyring
        self.internal = BatchLoader(database.readers)
        self.readers = {
            role: BatchLoader(database.role_readers[name]) if name in database.role_readers else self.internal
            for role, name in READERS.items()
        }
        self.router = ReadRouter(database, self.readers, decides_on_replicas=decides_on_replicas)
        """What chooses the server that a request reads from, where there are replicas."""
        keys = BatchLoader(database.keyring)
        self.keys = {
            role: BatchLoader(database.role_keyrings[name]) if name in database.role_keyrings else keys
            for role, name in READERS.items()
        }
        self.recorder = BatchLoader(database.writers, SLOW_COMMIT_SECONDS)
        self.questions = DecisionCounts()
        self.recent_reads = RecentReads()
        self.recent_refusals = RecentRefusals()
        self.turns = TurnQueue()
        self.cursors = CursorCodec(keyring.master_keys.derive_keys("cursors"))
        self.grace = grace
        """How long an erasure can be cancelled."""
        self.public_url = public_url
        """The URL at which browsers reach this service."""
        self.incident_people = incident_people
        """How many people an incident may affect that another role than PRIVACY reports."""
        self.receipt_issuer = ReceiptIssuer(keyring, controller)
        """The company that consent receipts name, and what signs them."""
        self.token_life = token_life
        """How long tokens are valid at most."""
