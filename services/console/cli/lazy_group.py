"""A group of commands that imports the module of a command only to run it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from services.console.cli import commands
from services.console.cli.output import fail, out
from services.console.cli.plain_parameters import read_plainly

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter, Parameter

EXTRAS: Final = {"asyncpg": "postgres", "confluent_kafka": "provision"}
"""Modules that a command needs and that come with an extra of the package."""


class LazyGroup(TyperGroup):
    """Lists its commands from `commands.COMMANDS`; `sansha` itself is the group without words.

    It prints its own help, for Typer's loads Markdown, tracebacks and every command (a quarter of a second).
    """

    def __init__(self, words: str = "", **attributes: Any) -> None:
        super().__init__(**attributes)
        self.words = words
        self.commands = {name: TyperCommand(name, help=about) for name, about in commands.below(words).items()}

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command itself, its module imported. An extra that is not installed ends in one line."""
        if cmd_name not in self.commands:
            return None
        words = f"{self.words} {cmd_name}".strip()
        if commands.below(words):
            needs_command = words not in commands.UNSAID
            return LazyGroup(words, name=cmd_name, help=commands.COMMANDS[words], no_args_is_help=needs_command)
        try:
            command = load(words)
        except ModuleNotFoundError as missing:
            if missing.name not in EXTRAS:
                raise
            fail(f"{words} needs an extra that is not installed: pip install 'sansha[{EXTRAS[missing.name]}]'")
        read_plainly(command.get_params(ctx))
        return command

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        unsaid = commands.UNSAID.get(self.words)
        if unsaid is not None and (not args or args[0] not in {*self.commands, "--help"}):
            args = [unsaid, *args]
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Context) -> list[Parameter]:
        parameters = super().get_params(ctx)
        read_plainly(parameters)
        return parameters

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Prints usage, options and the commands of the table, in the looks of Typer."""
        usage = f"{ctx.command_path} {' '.join(self.collect_usage_pieces(ctx))}"
        out.print(Padding(Text.assemble(("Usage: ", "yellow"), usage, style="bold"), (1, 1, 0, 1)))
        out.print(Padding(Text(self.help or ""), 1))
        options = ((", ".join(p.opts), getattr(p, "help", "")) for p in self.get_params(ctx))
        out.print(_panel("Options", options), _panel("Commands", commands.below(self.words).items()))


BORDERS: Final = 4
"""Columns that a panel takes for its borders and the spaces beside them."""


def load(words: str) -> Command:
    """Import a command's module. A paragraph of its docstring becomes a line, for the screen to wrap."""
    module = import_module(f"{commands.__name__}.{words.replace(' ', '.').replace('-', '_')}")
    command = get_command(module.app)
    command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n"))
    return command


def _panel(title: str, rows: Iterable[tuple[str, str]]) -> Panel:
    """Two columns, as text: a table of Rich takes twice as long."""
    named = list(rows)
    indent = max(len(name) for name, _ in named) + 2
    lines: list[Text] = []
    for name, meaning in named:
        starts = chain([Text(name.ljust(indent), style="bold cyan")], repeat(Text(" " * indent)))
        wrapped = Text(meaning).wrap(out, out.width - BORDERS - indent, overflow="fold")
        lines += map(Text.assemble, starts, wrapped)
    return Panel(Text("\n").join(lines), title=title, title_align="left", border_style="dim")
