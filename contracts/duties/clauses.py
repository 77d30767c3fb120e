"""All duties, in the order of the contract. Source: the paper for the ward's council (2020), in our words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts.duties.annex import ANNEX
from contracts.duties.connection import CONNECTION
from contracts.duties.consignment import CONSIGNMENT
from contracts.duties.contractors import OF_CONTRACTORS
from contracts.duties.duty import Duty

DUTIES: Final = (*CONNECTION, *CONSIGNMENT, *OF_CONTRACTORS, *ANNEX)
BY_NUMBER: Final[Mapping[str, Duty]] = {duty.number: duty for duty in DUTIES}
