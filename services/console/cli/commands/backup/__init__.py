"""`sansha backup`: backups of a data folder, encrypted, each with a key of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from services.chassis.backup_keys import key_folder
from services.chassis.settings import InvalidSettings, ServiceSettings
from services.console.cli.options import a_duration
from services.console.cli.output import fail
from services.console.stack.addresses import process_of

DEFAULT_TO: Final = Path("sansha-backups")
To = Annotated[Path, typer.Option("--to", file_okay=False, metavar="DIR", help="Folder of the backups.")]
BackupEvery = Annotated[
    float | None,
    typer.Option(parser=a_duration, metavar="DURATION", help="Back the data folder up this often, like 1h: encrypted."),
]
BackupTo = Annotated[Path, typer.Option(metavar="DIR", file_okay=False, help="Folder of the backups.")]
BackupKeep = Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="Keep the latest N backups.")]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        file_okay=False,
        metavar="DIR",
        help="Folder of the backups' keys.",
        show_default="backup-keys in the data folder",
    ),
]
Party = Annotated[str, typer.Argument(metavar="PARTY", help="Like ward or card_agent.jcb.")]
Backup = Annotated[Path, typer.Argument(metavar="BACKUP", file_okay=False, help="Folder of one backup.")]


def url_of(party: str) -> str:
    """The URL of a party's database, by the environment. Fails for an unknown party or a wrong setting."""
    try:
        return ServiceSettings.from_environment(process_of(party).principal).database_url
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    except InvalidSettings as wrong:
        fail(str(wrong))


def keys_of(keys: Path | None, data: Path) -> Path:
    return key_folder(data) if keys is None else keys
