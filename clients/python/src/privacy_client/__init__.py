"""A typed client of the Privacy API: consent decisions, choices, requests and erasures."""

from privacy_client.async_client import AsyncPrivacyClient
from privacy_client.batching import DecisionBatcher
from privacy_client.client import PrivacyClient
from privacy_client.decoding import Page
from privacy_client.encoding import UNSET, Unset
from privacy_client.errors import PrivacyError, UnexpectedResponseError, UnreachableError
from privacy_client.generated import enums, errors, inputs, operations, types
from privacy_client.generated.enums import *  # noqa: F403 -- every enumeration of the schema
from privacy_client.generated.errors import *  # noqa: F403 -- every error code
from privacy_client.generated.inputs import *  # noqa: F403 -- every input of the schema
from privacy_client.generated.types import *  # noqa: F403 -- every result
from privacy_client.operation import Operation
from privacy_client.retries import Retries

__all__ = [
    "UNSET",
    "AsyncPrivacyClient",
    "DecisionBatcher",
    "Operation",
    "Page",
    "PrivacyClient",
    "PrivacyError",
    "Retries",
    "UnexpectedResponseError",
    "UnreachableError",
    "Unset",
    "enums",
    "errors",
    "inputs",
    "operations",
    "types",
]
__all__ += enums.__all__
__all__ += errors.__all__
__all__ += inputs.__all__
__all__ += types.__all__
