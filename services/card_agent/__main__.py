"""`python -P -m services.card_agent`: a card agent as a process; `SANSHA_AGENT` says which."""

from __future__ import annotations

from contracts import topics
from services.card_agent.app import Settings, create_app
from services.chassis.process import run

if __name__ == "__main__":
    settings = Settings()
    run(topics.card_agent(settings.agent), settings, lambda bus, clock: create_app(settings, bus, clock))
