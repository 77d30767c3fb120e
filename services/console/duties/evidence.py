"""How anybody opens the evidence of a duty: commands, with the parties in them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contracts.duties.duty import Answered, Checked, CheckName, Duty, NotSimulated, RecordKind, Shown
from contracts.parties import PAYMENT_PROVIDER

_KEY: Final = '-H "Authorization: Bearer $SANSHA_KEY"'
OF_CHECKS: Final[Mapping[CheckName, tuple[str, ...]]] = {
    CheckName.NAMED_PEERS: (f"curl {_KEY} URL/ops/environment",),
    CheckName.SEALED: (f"curl {_KEY} URL/ops/environment",),
    CheckName.TERMINAL_ADMISSION: ("sansha terminal accesses", "sansha terminal steps"),
    CheckName.TERMINAL_COPIES: ("sansha terminal files", "sansha terminal steps"),
    CheckName.ROLES: ("curl URL/openapi.json", "curl -i URL/ops/books"),
    CheckName.ACCESS_LOG: (
        "sansha access log --party PARTY --save PARTY.jsonl",
        "sansha access checkpoints --party PARTY --save PARTY.checkpoints",
        "sansha access verify PARTY.jsonl --checkpoints PARTY.checkpoints",
    ),
    CheckName.CONTAINERS: (f"curl {_KEY} URL/ops/environment",),
    CheckName.FIELDS_COLLECTED: ("curl URL/openapi.json",),
    CheckName.TERMS_PUBLISHED: ("curl PROVIDER/terms-of-use",),
    CheckName.WITHIN_CONTRACT: ("sansha provision rules", "sansha users list --party PARTY"),
    CheckName.COPIES_COUNTED: ("find sansha-data -type f",),
    CheckName.MONITORED: ("curl -i URL/health/ready", f"curl {_KEY} URL/metrics"),
    CheckName.BACKED_UP: ("sansha backup list", "sansha backup check BACKUP"),
}


def commands_for(duty: Duty, parties: Sequence[str], where: Mapping[str, str]) -> Sequence[str]:
    """Each once. `where` has the parties' URLs."""
    found = (command for shown in duty.shown for command in _commands(shown))
    return list(dict.fromkeys(filled for command in found for filled in _filled(command, parties, where)))


def _commands(shown: Shown) -> Iterator[str]:
    match shown:
        case Checked(check):
            yield from OF_CHECKS[check]
        case NotSimulated():
            return
        case Answered(asked, by):
            yield from map(_register, (asked, by))
        case _:
            yield _register(shown.kind)


def _register(kind: RecordKind) -> str:
    return f"curl {_KEY} 'URL/duties/records?kind={kind}'"


def _filled(command: str, parties: Sequence[str], where: Mapping[str, str]) -> Iterator[str]:
    """For each party, if the command is about one."""
    for party in parties:
        url, provider = where.get(party, "URL"), where.get(PAYMENT_PROVIDER, "URL")
        yield command.replace("URL", url).replace("PARTY", party).replace("PROVIDER", provider)
