"""The conversion of responses and table rows to one form, in which they are compared."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

RENAMED = {
    "emailAddressByAddress": "subject",
    "emailAddressesBySubjectId": "emails",
    "consentsBySubjectId": "consents",
    "purposeByPurpose": "purpose",
    "syncAccountsBySubjectId": "syncAccounts",
    "syncClientsBySyncAccountId": "clients",
}


def normalize(value: Any, name: str = "") -> Any:
    """Convert the responses of all dialects and the table rows to the same names, ids, times and numbers."""
    if isinstance(value, dict):
        if len(value) == 1 and (wrapped := value.get("nodes", value.get("subjectBySubjectId"))):
            return normalize(wrapped)
        return {RENAMED.get(key, _camel(key)): normalize(each, _camel(key)) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [normalize(each) for each in value]
    if name.endswith("At") and value is not None:
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).timestamp()
    if name in {"id", "subjectId", "accountId"} and value is not None:
        return getattr(value, "hex", value).rpartition("_")[2].replace("-", "")
    return int(value) if name == "storageBytes" else value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
