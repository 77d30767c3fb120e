"""`python -P -m services.payment_provider`: the payment provider as a process."""

from __future__ import annotations

from contracts import topics
from services.chassis.process import run
from services.payment_provider.app import Settings, create_app
from services.payment_provider.routes import router
from services.payment_provider.terminal_routes import terminal_listeners

if __name__ == "__main__":
    run(topics.PAYMENT_PROVIDER, Settings, create_app, router, terminal_listeners)
