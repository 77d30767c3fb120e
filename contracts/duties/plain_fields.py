"""Fields of tables, events and requests that hold no personal data by themselves. Pure.

A new field is put here, or on the list of items that the public is told: `contracts.duties.items`.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
about accepted accepted_at account action after agent anomaly anomaly_id answer_due_at answered_at answers approved_at
arrives_at asked_at assessed_at at attempt attendees
because begun_at believed believed_on booked_at booked_claim booked_difference booked_fee booked_on business_days
cause_id caused_at certificate certificate_id charge_type checked_at checks claim_id claimed claimed_at closed_on
closes_on commitment confirm_at contractor corrected_at count counted_since counts_for counts_from credit crossed
data_until day debit decide_at decided decided_at declined_at delivered_at deposit_id deposit_on deposited_at
deposited_on designated_date detail due_at due_on duty
effect ended_at entrusted_at entry erased_at erasure_id
failures fee figures file_name finding_id findings fiscal_year found
given_at guidance_id
headers heading held held_at holds how
improve_by incident_id incident_kind inspection_id issued_at issuer
kept_until kind kinds
lapsed_at layout letter_id limit line line_amount line_count locked_at lockout_id
made_at mark met_yen method_chosen_at mode month
name named_at new_records next noticed_at notified_at
on open opened_at outcome overdue_since
page pages paid paid_on party payment_count persons planned_at preliminary_at public_key published_at purpose
rate real_at reason received received_at reconciled_at record_id register_id registered_at reissued_at remind_on
repetition report report_due_on reported_at request_id requested_at resolution_id restored_at reversal_asked_at
reversed_at role roles
salt scanned_at seen_at sent_at seq sequence settled_at settler sha256 signature simulated_at size slip_known source
starts_at statement_id status step struck_at
taught text times_received tokenized_at total_amount total_count training_id
until use_by
what why withdrawal_missed_at withdrawn withdrawn_at
yen
"""
PLAIN: Final = frozenset(_NAMES.split())
