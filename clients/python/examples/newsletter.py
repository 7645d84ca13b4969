"""Sends an issue of the newsletter to the people of a list who permit it, and opts out the one who replied.

Run it beside `make serve`: `python clients/python/examples/newsletter.py var/demo-tokens.json`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from privacy_client import AsyncPrivacyClient, Channel, DecisionBatcher, PrivacyError, SubjectBy

URL = os.environ.get("PRIVACY_URL", "http://127.0.0.1:8000")
READERS = ["ada@example.com", "bo@example.com", "never-asked@example.com"]


async def send_to(batcher: DecisionBatcher, email: str) -> str:
    """Ask at the moment of sending, and send only where the answer is yes."""
    try:
        decision = await batcher.decide(SubjectBy(email=email), "newsletter")
    except PrivacyError as error:
        return f"{email}: not sent, no decision ({error.code})"
    return f"{email}: {'sent' if decision.allowed else f'not sent, {decision.reason}'}"


async def main(token: str) -> None:
    """Send the issue, then record a reply."""
    async with AsyncPrivacyClient(f"{URL}/graphql", token) as client:
        batcher = DecisionBatcher(client)
        print(*await asyncio.gather(*(send_to(batcher, email) for email in READERS)), sep="\n")
        reply = await client.opt_out(SubjectBy(email="never-asked@example.com"), ["newsletter"], Channel.NEWSLETTER)
        print(f"opted out of {', '.join(reply.purposes)} at {reply.at:%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())["SERVICE"]))
