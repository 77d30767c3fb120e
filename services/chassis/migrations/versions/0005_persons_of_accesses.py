"""アクセス記録: an entry commits to its persons by a salted hash, so that they can be erased; chained anew."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy as sa
from alembic import op

from services.chassis.identity import random_key

revision = "chassis_0005"
down_revision = "chassis_0004"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    with op.batch_alter_table("access_log") as log:
        log.alter_column("whose", existing_type=sa.String(), nullable=True)
        log.add_column(sa.Column("salt", sa.LargeBinary(), nullable=True))
        log.add_column(sa.Column("commitment", sa.LargeBinary(), nullable=True))
    _chain_anew()
    with op.batch_alter_table("access_log") as log:
        log.alter_column("commitment", existing_type=sa.LargeBinary(), nullable=False)


def _chain_anew() -> None:
    log = sa.table("access_log", *map(sa.column, ("number", "at", "user", "roles", "what", "whose", "why")))
    changed = sa.text(
        "UPDATE access_log SET mark = :mark, salt = :salt, commitment = :commitment WHERE number = :number"
    )
    connection, mark = op.get_bind(), hashlib.sha256(b"sansha access log").digest()
    for r in connection.execute(sa.select(log).order_by(log.c.number)).all():
        salt = random_key()[:16]
        commitment = hashlib.sha256(salt + msgspec.json.encode(msgspec.json.decode(r.whose))).digest()
        at, roles = _EPOCH + timedelta(microseconds=r.at), msgspec.json.decode(r.roles)
        stated = msgspec.json.encode((r.number, at, r.user, roles, r.what, commitment.hex(), r.why))
        mark = hashlib.sha256(mark + stated).digest()
        row = {"mark": mark, "salt": salt, "commitment": commitment, "number": r.number}
        connection.execute(changed, row)
