"""`python -P -m services.card_agent`: a card agent as a process; `SANSHA_AGENT` says which."""

from __future__ import annotations

import os
import sys

from contracts import topics
from contracts.vocabulary import Agent
from services.card_agent.app import Settings, create_app
from services.card_agent.routes import router
from services.chassis.process import run

if __name__ == "__main__":
    name = os.environ.get("SANSHA_AGENT", "")
    if name not in {agent.value for agent in Agent}:
        sys.stderr.write(f"sansha: SANSHA_AGENT is {name!r}; set it to one of {', '.join(Agent)}\n")
        raise SystemExit(2)
    run(topics.card_agent(Agent(name)), Settings, create_app, router)
