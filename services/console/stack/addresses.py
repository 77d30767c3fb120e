"""The processes of a stack: names, modules, ports, hosts. For starting them and for calling them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from contracts import topics
from contracts.parties import NAMES
from contracts.vocabulary import Agent

DEFAULT_PORT_BASE = 8400
HOSTS_VARIABLE = "SANSHA_STACK_HOSTS"
FILE_VARIABLES = ("SANSHA_STACK_CA_FILE", "SANSHA_STACK_CERTIFICATE_FILE", "SANSHA_STACK_KEY_FILE")
"""PEM files of the caller, if the hosts answer over TLS: their authority, its certificate and, if apart, its key."""
LOCAL_HOST = "127.0.0.1"
PORTS_PER_REPLICA = 10


@dataclass(frozen=True, slots=True)
class PartyProcess:
    """One process of the stack. `offset` is added to the port base."""

    principal: str
    module: str
    offset: int
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        return NAMES[self.principal].name


PROCESSES: tuple[PartyProcess, ...] = (
    PartyProcess(topics.WARD, "services.ward", 1),
    PartyProcess(topics.PAYMENT_PROVIDER, "services.payment_provider", 2),
    *(
        PartyProcess(
            topics.card_agent(agent),
            "services.card_agent",
            3 + n,
            (("SANSHA_AGENT", agent.value),),
        )
        for n, agent in enumerate(Agent)
    ),
)


def process_of(principal: str) -> PartyProcess:
    """Raises `LookupError` naming the parties there are."""
    for process in PROCESSES:
        if principal in (process.principal, process.principal.replace("card_agent.", "")):
            return process
    raise LookupError(f"there is no party {principal!r}; there are {', '.join(p.principal for p in PROCESSES)}")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parties of a stack and its console answer: on this machine, or on hosts by name."""

    port_base: int = DEFAULT_PORT_BASE
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Principal → host name; a principal not listed is on this machine. A name may stand for several replicas."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    """Principal → its number of processes on this machine, if more than one."""
    files: tuple[str, ...] = ()
    """The caller's `FILE_VARIABLES`, if the hosts of `hosts` answer over TLS; those on this machine do not."""

    @classmethod
    def from_environment(cls, port_base: int = DEFAULT_PORT_BASE) -> Self:
        """With the hosts of `SANSHA_STACK_HOSTS`, written `ward=HOST,card_agent.jcb=HOST,…`, and `FILE_VARIABLES`.

        Raises `ValueError` naming what cannot be read.
        """
        hosts = {}
        for part in filter(None, os.environ.get(HOSTS_VARIABLE, "").replace(" ", "").split(",")):
            name, _, host = part.partition("=")
            if not host:
                raise ValueError(f"{HOSTS_VARIABLE}: {part!r} names no host; write it like ward=HOST,console=HOST")
            try:
                hosts[name if name == topics.CONSOLE else process_of(name).principal] = host
            except LookupError as unknown:
                raise ValueError(f"{HOSTS_VARIABLE}: {unknown.args[0]}") from None
        ca, certificate, key = (os.environ.get(variable, "") for variable in FILE_VARIABLES)
        if bool(ca) != bool(certificate):
            raise ValueError(f"{FILE_VARIABLES[0]} and {FILE_VARIABLES[1]} go together: give both, or neither")
        return cls(port_base, hosts, files=(ca, certificate, key) if ca else ())

    def scheme(self, principal: str) -> str:
        """`https` for a host that answers over TLS."""
        return "https" if self.files and principal in self.hosts else "http"

    def port(self, principal: str, replica: int = 0) -> int:
        """The port of the console, or of a party's process; `replica` counts those on this machine from 0."""
        offset = 0 if principal == topics.CONSOLE else process_of(principal).offset
        return self.port_base + PORTS_PER_REPLICA * replica + offset

    def url(self, principal: str) -> str:
        """Where any one replica takes requests."""
        return f"{self.scheme(principal)}://{self.hosts.get(principal, LOCAL_HOST)}:{self.port(principal)}"

    async def each(self, principal: str) -> Sequence[str]:
        """`address:port` of every replica there is now; a name that stands for none is given as it is."""
        host = self.hosts.get(principal)
        if host is None:
            return [f"{LOCAL_HOST}:{self.port(principal, n)}" for n in range(self.replicas.get(principal, 1))]
        port = self.port(principal)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, family=socket.AF_INET, type=socket.SOCK_STREAM
            )
        except socket.gaierror:
            return [f"{host}:{port}"]
        return sorted({f"{address[4][0]}:{port}" for address in found})


def is_free(port: int) -> bool:
    """Whether this port of this machine is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCAL_HOST, port))
        except OSError:
            return False
    return True
