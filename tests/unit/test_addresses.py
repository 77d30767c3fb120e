"""Addresses of a stack's parties: by port on this machine, by name elsewhere."""

from __future__ import annotations

import pytest

from contracts import topics
from services.console.stack.addresses import HOSTS_VARIABLE, Addresses


async def test_without_hosts_every_party_is_on_this_machine() -> None:
    addresses = Addresses(9000)
    assert addresses.url(topics.CONSOLE) == "http://127.0.0.1:9000"
    assert addresses.url("card_agent.uc") == "http://127.0.0.1:9004"
    assert await addresses.each(topics.WARD) == ["127.0.0.1:9001"]


async def test_further_processes_on_this_machine_are_ten_ports_apart() -> None:
    addresses = Addresses(9000, replicas={topics.WARD: 3})
    assert await addresses.each(topics.WARD) == ["127.0.0.1:9001", "127.0.0.1:9011", "127.0.0.1:9021"]


async def test_hosts_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOSTS_VARIABLE, "ward=ward-host, jcb=localhost,console=console-host")
    addresses = Addresses.from_environment(8400)
    assert addresses.url(topics.WARD) == "http://ward-host:8401"
    assert addresses.url(topics.CONSOLE) == "http://console-host:8400"
    assert addresses.url(topics.PAYMENT_PROVIDER) == "http://127.0.0.1:8402"
    assert await addresses.each("card_agent.jcb") == ["127.0.0.1:8403"]


async def test_a_name_that_stands_for_nobody_is_given_as_it_is() -> None:
    addresses = Addresses(hosts={topics.WARD: "nobody.invalid"})
    assert await addresses.each(topics.WARD) == ["nobody.invalid:8401"]


@pytest.mark.parametrize(("text", "said"), [("ward", "'ward' names no host"), ("bank=b", "there is no party 'bank'")])
def test_what_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    monkeypatch.setenv(HOSTS_VARIABLE, text)
    with pytest.raises(ValueError, match=said):
        Addresses.from_environment(8400)
