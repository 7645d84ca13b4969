"""Consent receipts: their type, and the field of a person that issues one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from models.receipts import receipts
from models.receipts.receipts import ConsentReceiptRow, ReceiptIssuer
from resolvers.field_sources import Batched, column, object_type
from resolvers.inputs import PurposeArgument


@object_type(
    ConsentReceiptRow,
    description="A signed receipt of what a person chose for one purpose, with the fields of ISO/IEC TS 27560.",
)
class ConsentReceipt:
    issued_at: datetime = column(description="When it was signed.")
    jws: str = column(
        description="A JSON Web Signature (EdDSA) of the choice: purpose, legal basis, policy, controller and time. "
        "The key that verifies it is in /.well-known/jwks.json."
    )


def consent_receipt_field() -> Any:
    """Declare the field with the receipt of a person's choice for a purpose."""
    source = Batched(receipts.of_subjects, "subject_id", _arguments)

    async def resolve(
        root: strawberry.Parent[Any], info: strawberry.Info[Any, None], purpose: PurposeArgument
    ) -> ConsentReceipt | None:
        receipt: ConsentReceipt | None = await source.value(root, info.context, {"purpose": purpose})
        return receipt

    return strawberry.field(
        resolver=resolve,
        description="A signed receipt of the person's choice for one purpose; null without one. Reads are recorded.",
        metadata={"source": source},
    )


def _arguments(context: Any, arguments: Mapping[str, Any]) -> tuple[str, ReceiptIssuer]:
    return arguments["purpose"], context.service.receipt_issuer
