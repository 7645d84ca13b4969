"""The enums of disclosures, incidents, retention and statistics, with a description of each value."""

from models.data_categories import DataCategory
from models.disclosures.adequacy import TransferSafeguard
from models.disclosures.decisions import DisclosureReason
from models.disclosures.forced import ForcedGround
from models.disclosures.recipients import RecipientKind
from models.incidents.incidents import IncidentKind, IncidentState
from models.retention.grounds import RetentionGround
from models.statistics.figures import ClientDimension
from resolvers.enums import describe

describe(
    RetentionGround,
    "The ground for keeping something after an erasure (Art. 17(3) GDPR).",
    LEGAL_OBLIGATION="A law requires it.",
    LEGAL_CLAIM="It is evidence for or against a legal claim.",
    PUBLISHED_BY_SUBJECT="The person published it, and the company can no longer withdraw it.",
)
describe(
    DataCategory,
    "What personal data is about. Every personal field and every retention rule belongs to one category.",
    CONTACT="Email addresses.",
    PROFILE="The name, the country and the status of a person.",
    ACCOUNTS="References of internal systems.",
    CONSENTS="Choices and the consent ledger.",
    PAYMENT_FRAGMENTS="The stored parts of cards.",
    SYNC_METADATA="Sync accounts and client state: sizes, counts, programs.",
    SYNC_FILE_NAMES="Names, sizes and times of synced files.",
    LETTERS="Letters to a person, and what became of them.",
    REQUESTS="Rights requests and their steps.",
    ACCESS_EVENTS="Who read or changed what, and access grants.",
)
describe(
    RecipientKind,
    "The role of a recipient in the processing.",
    PROCESSOR="It processes for the company, under its instructions (Art. 28 GDPR).",
    JOINT_CONTROLLER="It decides together with the company (Art. 26 GDPR).",
    CONTROLLER="It decides by itself.",
    AFFILIATE="A company of the same group.",
)
describe(
    TransferSafeguard,
    "What makes a transfer to a country outside the European Economic Area and Switzerland lawful.",
    ADEQUACY="An adequacy decision of the European Commission (Art. 45 GDPR).",
    STANDARD_CLAUSES="Standard data protection clauses (Art. 46(2)(c) and (d) GDPR).",
    BINDING_RULES="Binding corporate rules (Art. 47 GDPR).",
    CODE_OF_CONDUCT="An approved code of conduct (Art. 46(2)(e) GDPR).",
    CERTIFICATION="An approved certification (Art. 46(2)(f) GDPR).",
    PUBLIC_INSTRUMENT="An instrument between public authorities (Art. 46(2)(a) GDPR).",
)
describe(
    DisclosureReason,
    "The reason of a disclosure decision. They are checked in the order: person, contract, categories, purpose, "
    "safeguard, choice.",
    ALLOWED="The disclosure is permitted.",
    CATEGORY_NOT_ALLOWED="The recipient may not get one of the categories.",
    PURPOSE_NOT_ALLOWED="The recipient may not get data for this purpose.",
    NO_CONTRACT="The recipient, or its contract, has ended.",
    NO_SAFEGUARD="The recipient is in a country that needs a safeguard, and names none that covers the transfer.",
    SUBJECT_REFUSED="The person did not consent, or objected.",
    RESTRICTED="Processing is restricted.",
    ERASING="The person is being erased.",
    ERASED="The person is erased.",
    UNKNOWN_SUBJECT="No person is registered under the identifier.",
)
describe(
    ForcedGround,
    "Why data had to be disclosed.",
    LEGAL_OBLIGATION="A law obliges the company to.",
    LEGAL_PROCESS="A court or an authority ordered it.",
    PROTECTION_OF_RIGHTS="It was needed to protect rights or property.",
    EMERGENCY="It was needed to protect people in an emergency.",
)
describe(
    IncidentKind,
    "What happened in an incident.",
    UNAUTHORISED_READ="Data was read without a right to.",
    CREDENTIAL_MISUSE="A password, key or token was misused.",
    THEFT="Data was stolen.",
    LOSS="Data was lost.",
    WRONG_RECIPIENT="Data went to a wrong recipient.",
    OTHER="Another breach of security.",
)
describe(IncidentState, "The state of an incident.", OPEN="It is being handled.", CLOSED="It is closed.")
describe(
    ClientDimension,
    "What accounts are counted by.",
    APP="The program.",
    VERSION="The version of the program.",
    PLATFORM="The platform that it runs on.",
)
