"""消去証明書: the text of a certificate of erasure that its signature is over. Pure.

is_signed(certificate.public_key, certificate.signature, certificate_text(certificate))
"""

from __future__ import annotations

from datetime import UTC

from contracts.events import ErasureCertified


def certificate_text(certificate: ErasureCertified) -> str:
    """A line for each field, in the order of the certificate; instants in UTC to the second, days ISO 8601.

    No field holds a line break, so no other certificate has the same text.
    """
    c = certificate
    return "\n".join(
        (
            "sansha erasure certificate v1",
            f"contractor {c.contractor}",
            f"erasure {c.erasure_id}",
            f"certificate {c.certificate_id}",
            f"due {c.due_on.isoformat()}",
            f"erased {c.erased_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            f"until {c.data_until.isoformat()}",
            *(f"kind {kind.count} {kind.name}" for kind in c.kinds),
            f"kept {c.kept_count}",
            *(f"kept payment {payment_id}" for payment_id in c.kept),
            f"how {c.how}",
            f"responsible {c.responsible}",
        )
    )
