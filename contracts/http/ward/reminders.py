"""甲: reminders (督促状), the time from payment to registration (収納確認まで), and arrears (延滞金)."""

from __future__ import annotations

from datetime import date, datetime

from contracts.http.bodies import Body
from contracts.vocabulary import Method, Settler


class ReminderView(Body):
    """督促状 as sent, with the yen `outstanding` at that time. `crossed`: paid before it was sent, registered after."""

    slip_number: str
    number: int
    sent_at: datetime
    outstanding: int
    crossed: bool


class CrossingView(Body):
    """督促の行き違い: a reminder, and the payment that was made before it and registered after it."""

    slip_number: str
    number: int
    outstanding: int
    payment_id: str
    method: Method
    settler: Settler
    amount: int
    paid_at: datetime
    sent_at: datetime
    visible_at: datetime
    """When the first record of the payment was registered."""
    paid_to_visible_seconds: int
    sent_to_visible_seconds: int


class ChannelCrossings(Body):
    """Crossings of one channel (収納チャネル)."""

    method: Method
    crossings: int
    median_paid_to_visible_seconds: int
    median_sent_to_visible_seconds: int


class DelayCrossings(Body):
    """Crossings of payments registered this many calendar days after the day of payment."""

    days: int
    crossings: int


class CrossingsView(Body):
    """How many reminders crossed a payment, by channel and by delay, with the list."""

    reminders: int
    """All reminders sent."""
    crossed: int
    by_channel: tuple[ChannelCrossings, ...]
    by_delay: tuple[DelayCrossings, ...]
    crossings: tuple[CrossingView, ...]


class Visibility(Body):
    """From payments to the registration of their first records, in seconds; percentiles by nearest rank."""

    payments: int
    median_seconds: int
    p95_seconds: int
    longest_seconds: int


class ChannelVisibility(Visibility):
    """From payment to registration at one channel, in seconds; percentiles by nearest rank."""

    method: Method


class VisibilityView(Body):
    """収納確認まで: from payment to registration, of receipts that stand; `overall` is null if there are none."""

    overall: Visibility | None
    by_channel: tuple[ChannelVisibility, ...]


class StretchView(Body):
    """The days from `first` to `last`, both included, with one base (yen) and one rate (‰ a year)."""

    first: date
    last: date
    days: int
    base: int
    per_mille: int


class ArrearsView(Body):
    """延滞金 of a slip up to a day."""

    slip_number: str
    due_on: date
    until: date
    outstanding: int
    arrears: int
    stretches: tuple[StretchView, ...]
