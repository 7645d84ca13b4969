"""Create the recipients of personal data, the disclosures to them, and the adequate countries; allow long letters.

The adequate countries are those of the European Commission's list of adequacy decisions, as read on 1 November 2026:
https://commission.europa.eu/law/law-topic/data-protection/international-dimension-data-protection/adequacy-decisions_en
A partial decision covers some recipients only: commercial organisations in Canada, participants of the Data Privacy
Framework in the United States.
"""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.constraints import allow_values

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# country, is partial, day of the decision, decision
ADEQUATE_COUNTRIES = [
    ("AD", False, date(2010, 10, 19), "2010/625/EU"),
    ("AR", False, date(2003, 6, 30), "2003/490/EC"),
    ("CA", True, date(2001, 12, 20), "2002/2/EC"),
    ("CH", False, date(2000, 7, 26), "2000/518/EC"),
    ("FO", False, date(2010, 3, 5), "2010/146/EU"),
    ("GB", False, date(2021, 6, 28), "(EU) 2021/1772"),
    ("GG", False, date(2003, 11, 21), "2003/821/EC"),
    ("IL", False, date(2011, 1, 31), "2011/61/EU"),
    ("IM", False, date(2004, 4, 28), "2004/411/EC"),
    ("JE", False, date(2008, 5, 8), "2008/393/EC"),
    ("JP", False, date(2019, 1, 23), "(EU) 2019/419"),
    ("KR", False, date(2021, 12, 17), "(EU) 2022/254"),
    ("NZ", False, date(2012, 12, 19), "2013/65/EU"),
    ("US", True, date(2023, 7, 10), "(EU) 2023/1795"),
    ("UY", False, date(2012, 8, 21), "2012/484/EU"),
]
KINDS = "kind IN ('PROCESSOR', 'JOINT_CONTROLLER', 'CONTROLLER', 'AFFILIATE')"
SAFEGUARDS = (
    "safeguard IN ('ADEQUACY', 'STANDARD_CLAUSES', 'BINDING_RULES', 'CODE_OF_CONDUCT', 'CERTIFICATION', "
    "'PUBLIC_INSTRUMENT')"
)
KEY = "key ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(key) <= 64"
NO_SALE = r"(key || ' ' || name || ' ' || function) !~* '\m(sale|sales|sell|sells|selling|sold|barter|rent|rental)\M'"


def upgrade() -> None:
    countries = op.create_table(
        "adequate_countries",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("is_partial", sa.Boolean(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_is_a_code"),
        sa.PrimaryKeyConstraint("country"),
    )
    columns = ("country", "is_partial", "decided_on", "source")
    op.bulk_insert(countries, [dict(zip(columns, row, strict=True)) for row in ADEQUATE_COUNTRIES])
    op.create_table(
        "recipients",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("categories", ARRAY(sa.Text()), nullable=False),
        sa.Column("purposes", ARRAY(sa.Text()), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("safeguard", sa.Text(), nullable=True),
        sa.Column("is_direct_marketing", sa.Boolean(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("contract_reference", sa.Text(), nullable=False),
        sa.Column("contract_ends_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(KINDS, name="kind_is_known"),
        sa.CheckConstraint(SAFEGUARDS, name="safeguard_is_known"),
        sa.CheckConstraint(KEY, name="recipient_key_is_a_name"),
        sa.CheckConstraint(NO_SALE, name="nothing_is_sold_to_a_recipient"),
        sa.CheckConstraint("NOT is_direct_marketing OR address IS NOT NULL", name="a_marketer_has_an_address"),
        sa.CheckConstraint("NOT is_direct_marketing OR kind <> 'PROCESSOR'", name="a_processor_has_no_own_marketing"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "disclosures",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("categories", ARRAY(sa.Text()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_direct_marketing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["purpose"], ["purposes.key"]),
        sa.ForeignKeyConstraint(["recipient"], ["recipients.key"]),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("subject_id", "id"),
    )
    op.create_index("disclosures_by_time", "disclosures", ["subject_id", "at", "id"])
    allow_values("letters", "letter", "california_report")
    # Encryption adds 29 octets. The longest context had 4,000 octets before.
    op.execute(
        "ALTER TABLE letters DROP CONSTRAINT context_is_short, "
        "ADD CONSTRAINT context_is_short CHECK (octet_length(context) <= 16029) NOT VALID"
    )
    op.execute("ALTER TABLE letters VALIDATE CONSTRAINT context_is_short")
