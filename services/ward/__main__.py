"""`python -P -m services.ward`: the ward as a process."""

from __future__ import annotations

from contracts import topics
from services.chassis.process import run
from services.ward.app import Settings, create_app
from services.ward.routes import router

if __name__ == "__main__":
    run(topics.WARD, Settings, create_app, router)
