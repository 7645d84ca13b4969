"""Reads an answer: returns the data, or raises the exception of the first error's code."""

import json
from collections.abc import Mapping
from typing import Any

from privacy_client.errors import PrivacyError, UnexpectedResponseError, UnreachableError
from privacy_client.generated.errors import ERRORS

FIRST_STATUS_OF_SERVERS = 500


def data_of(status: int, body: bytes) -> Mapping[str, Any]:
    """Return the data of an answer without errors."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not ("data" in answer or "errors" in answer):
        kind = UnreachableError if status >= FIRST_STATUS_OF_SERVERS else UnexpectedResponseError
        message = f"The answer has the status {status} and is not of GraphQL."
        raise kind(message)
    data, errors = answer.get("data"), answer.get("errors")
    if errors:
        code = (errors[0].get("extensions") or {}).get("code", "")
        raise ERRORS.get(code, PrivacyError)(f"{code}: {errors[0]['message']}", errors, data)
    if not isinstance(data, dict):
        message = "The answer has neither data nor errors."
        raise UnexpectedResponseError(message)
    return data
