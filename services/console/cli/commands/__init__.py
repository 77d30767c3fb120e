"""The commands of `sansha`: the words one types, and the first paragraph of each one's help.

`slip decode` is the module `commands/slip/decode.py`, `dead-letters` the folder `commands/dead_letters/`. A module has
a Typer `app` with one command and imports what it needs at its top; it is imported only to run its command.
Help lists commands in this order, from this table alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "demo": "Play a fiscal year, from scanned barcode to reconciled deposit, in one process or on a running stack.",
    "up": "Start the parties as separate processes on fixed ports, and restart any that ends. Ctrl-C stops them.",
    "console": "Serve the clock and the console over HTTP for parties started elsewhere, e.g. in containers.",
    "audit": "監査: check that the parties' books agree, to the yen, and count nothing twice.",
    "slip": "納付書: issue, list, print and reissue payment slips, and decode their barcodes.",
    "slip decode": "Decode a barcode: 44 digits, or the raw text of a scanner.",
    "slip issue": "Issue slips at the ward of a running stack: from a file, generated from a seed, or a single one.",
    "slip list": "List slips of the ward of a running stack.",
    "slip print": "Print slips to a PDF, three on a page, each with its GS1-128 barcode.",
    "slip reissue": "再発行: replace a slip's paper; its reissue count goes up by one, debt and number stay the same.",
    "pay": "Pay a slip on a running stack, in the app or --at another channel.",
    "cards": "List the test cards by name, BRAND/OUTCOME, for: sansha pay BARCODE --card NAME.",
    "explain": "Show where a payment is, what it waits for, until when, and by which setting or rule.",
    "reminders": "督促: list the reminders that the ward of a running stack has sent.",
    "books": "試算表: show each party's trial balance at the end of a day, and who owes whom.",
    "notice": "入金通知: write and check deposit notices of the ward's bank, in 全銀 (Zengin) format.",
    "notice write": "入金通知: write, as the ward's bank would, the transfers into the ward's account in a period.",
    "notice read": "消込: show a notice and compare it with the deposits that the ward has recorded for its days.",
    "scenario": "シナリオ: play stories of the three parties in one process.",
    "scenario list": "List every scenario with its story.",
    "scenario run": "Play a scenario and print its timeline.",
    "explore": "何が変わるか: play the fiscal year under each combination of terms, and compare the outcomes.",
    "load": "負荷試験: measure receipts or payments per second and their latency, then audit.",
    "load receipts": "収納データ: publish receipts, and time them until the ward has registered them.",
    "load payments": "納付: pay slips over HTTP, and time them until the ward has registered their receipts.",
    "load compare": "Compare two results: every figure of both, and the ratio of the second to the first.",
    "open": "未消込: list what the ward has not settled yet, why, and the payments concerned.",
    "resolve": "差異の処理: record a decision about a settlement that does not agree, and book it.",
    "resolutions": "差異の処理: list the decisions made: what, by whom, why and when.",
    "anomaly": "異常: make a settlement of a card agent go wrong, to see the ward find it.",
    "clock": "Show or advance the clock of a running stack.",
    "clock show": "Show what time it is in the stack.",
    "clock advance": "Advance a stepped clock, from one due time to the next.",
    "dead-letters": "List events that were set aside because their handler failed, and replay them.",
    "dead-letters list": "List the dead letters of every party.",
    "dead-letters replay": "Handle an event again, in a corrected form if need be.",
    "terminal": "端末: fetch receipt files with the ward's terminal, register them, and show its records.",
    "terminal pull": "Log in, fetch new files, register them, and delete the temporary copies.",
    "terminal files": "List the files that the terminal has received, and how much of each is registered.",
    "terminal steps": "作業記録: list the work done at the terminal, from login to deletion of the temporary copy.",
    "terminal accesses": "接続記録: list requests for files at the collection centre: by whom, when, and the outcome.",
    "terminal certificates": "Make certificates and a password for the terminal and the collection centre; print the "
    "variables to set.",
    "terminal certify": "Issue a user's certificate for a year, or renew it, and pin it to the user.",
    "terminal revoke": "Revoke every certificate of a user: refused from the next request on, without a restart.",
    "access": "アクセス記録: who saw whose personal data, when and why, and whether the record is whole.",
    "access log": "Show the access log of a party of a running stack.",
    "access verify": "Check that no entry was changed, removed or moved: in a data folder, or in saved logs.",
    "access checkpoints": "照合点: show what the other parties hold of a party's access log, signed.",
    "access logins": "ログイン記録: show the attempts to log in at a party of a running stack.",
    "duties": "個人情報の保護: how each duty of the contract stands, with its evidence.",
    "duties show": "Show how each duty stands on a day; with a number, such as D-12, that duty with all its evidence.",
    "duties audit": "立入調査: run every check, and record at the ward what was found at each contractor.",
    "duties erasures": "消去: list what is due to be erased at each contractor of a running stack, and what was.",
    "duties erase": "消去: erase what was due and is not done, and certify anew what the ward rejected. It cannot be "
    "undone.",
    "users": "利用者: list, add and remove the users of a party, each with its roles.",
    "users list": "List the users of a party and their roles.",
    "users add": "Add a person, with a new password, or software, with a new key; either is shown once.",
    "users remove": "Remove a user: its key, password and sessions open nothing from then on.",
    "backup": "バックアップ: back up a data folder while its stack runs, and check, list and pack backups.",
    "backup create": "Back up a data folder while its stack runs: databases, log, users and keys as they are in one "
    "moment.",
    "backup database": "Back up a party's database on PostgreSQL while the party runs: at once, or with --every until "
    "it is stopped.",
    "backup check": "Check a backup: that its key is there, and every file complete and as it was written. Changes "
    "nothing.",
    "backup list": "List the backups of a folder, and whether the key of each is there, or when it was destroyed.",
    "backup pack": "Encrypt files, such as dumps of PostgreSQL, into a backup with a key of its own. The files stay.",
    "backup destroy-keys": "Destroy the keys of backups made before an instant: nobody can read them any more. It "
    "cannot be undone.",
    "restore": "復元: restore a backup into a new folder or an empty database, completely or not at all.",
    "certificates": "証明書: list the certificates of a stack with the days on which they end, and renew them.",
    "certificates list": "List the certificates of a folder: for whom, for what, until when.",
    "certificates renew": "Issue certificates anew, with new keys, in the place of the former ones.",
    "gateway": "Forward connections to the parties of SANSHA_STACK_HOSTS: one port per party, replicas in turn.",
    "provision": "Set up what a stack needs: passwords, and users, topics and access rules of Kafka.",
    "provision secrets": "Make the passwords, sealing keys and certificates of a stack. Those that exist are left "
    "unchanged.",
    "provision keys": "Make a party's keys for sealing: its private ones, and the public ones for the other parties.",
    "provision kafka": "Make users, topics and access rules on the cluster of SANSHA_BUS_URL.",
    "provision rules": "Show what each principal may do on the cluster, and why. Changes nothing.",
    "settings": "List every setting with its variable, default and meaning.",
}

UNSAID: Final[Mapping[str, str]] = {"duties": "show"}
"""Group → its command that is meant if none is named: `sansha duties D-12` is `sansha duties show D-12`."""


def below(group: str) -> Mapping[str, str]:
    """The commands and groups directly below a group ("" is `sansha` itself): last word → help."""
    return {name.rpartition(" ")[2]: summary for name, summary in COMMANDS.items() if name.rpartition(" ")[0] == group}
