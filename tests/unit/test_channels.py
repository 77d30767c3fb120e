"""The tables of channels and settlers have a record for each, and codes that lead back."""

from contracts.channels import CHANNELS, NETWORKS, SETTLERS
from contracts.formats.receipt_record import METHOD_OF_CHANNEL, SETTLER_OF_SHOP
from contracts.vocabulary import IN_APP, Agent, Method, Settler


def test_every_channel_and_every_settler_has_its_record() -> None:
    assert list(CHANNELS) == list(Method)
    assert list(SETTLERS) == list(Settler)


def test_the_codes_of_a_receipt_file_lead_back() -> None:
    assert {METHOD_OF_CHANNEL[channel.code]: channel for channel in CHANNELS.values()} == dict(CHANNELS)
    assert {SETTLER_OF_SHOP[names.shop_code]: names for names in SETTLERS.values()} == dict(SETTLERS)
    assert all(len(channel.code) == 4 and channel.code.isdigit() for channel in CHANNELS.values())
    assert all(len(names.shop_code) <= 7 for names in SETTLERS.values())


def test_a_payer_in_a_deposit_notice_is_one_settler() -> None:
    assert len({names.payer_code for names in SETTLERS.values()}) == len(Settler)
    assert len({names.payer_name for names in SETTLERS.values()}) == len(Settler)


def test_a_network_brings_the_money_of_one_channel_and_agents_bring_that_of_cards() -> None:
    assert NETWORKS.keys() == set(Method) - {Method.CARD}
    assert sorted([*NETWORKS.values(), *(Settler(agent) for agent in Agent)]) == sorted(Settler)


def test_the_app_takes_a_slip_by_its_barcode_alone() -> None:
    assert all(CHANNELS[method].needs_barcode for method in IN_APP)
