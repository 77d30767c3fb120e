"""消去の規則 for what every service holds. Pure."""

from __future__ import annotations

from typing import Final

from contracts.duties.erasing import Fate, Rule

ANSWERS: Final = Rule("保存した応答", "stored answers", "command_answers", "answered up to the last day")
LETTERS: Final = Rule(
    "処理できなかった通知",
    "dead letters",
    "dead_letters",
    "set aside up to the last day, or about a payment that is erased; those about one that is kept stay",
)
LOGINS: Final = Rule("ログイン記録", "logins", "logins", "as old as the last day, by the machine's clock")
ACCESSES: Final = Rule(
    "アクセス記録の対象者",
    "persons named in the access log",
    "access_log",
    "read up to the last day, or naming a number that is erased",
    {"whose": Fate.EMPTIED, "salt": Fate.EMPTIED},
)
RULES: Final = (ANSWERS, LETTERS, LOGINS, ACCESSES)
