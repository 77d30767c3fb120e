"""The channels by which a slip is paid (収納チャネル), and the settlers that deposit their money (入金元). Pure.

One record each; every difference between channels is a field here. Delays and closings are our assumptions, and the
defaults of the payment provider's settings. Of the codes, only 680 (クレジットカード, 公金) is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.vocabulary import Method, Settler


class Channel(NamedTuple):
    """One 収納チャネル."""

    japanese: str
    english: str
    paid: str
    """A payment in English words: "paid at a convenience store"."""
    code: str
    """収納チャネル in a receipt file: 4 digits."""
    file_name: str
    """Its name in a CSV receipt file."""
    confirmation_business_days: int
    """確報 comes this many bank business days after the payment."""
    preliminary_delay_days: int | None = None
    """速報 comes this many days after the payment; 0 for immediately, None for no 速報."""
    network: Settler | None = None
    """The network that deposits the channel's money; None for cards, whose agents deposit it."""
    closing_days: str = "daily"
    """締日 of the network: `10/20/eom`, or `daily`."""
    deposit_business_days: int = 1
    """The network deposits this many bank business days after a closing."""
    needs_barcode: bool = False
    """Whether it accepts only slips with a barcode; the other channels also accept a slip number."""

    @property
    def name(self) -> str:
        """In both languages."""
        return f"{self.japanese} {self.english}"


CHANNELS: Final[Mapping[Method, Channel]] = {
    Method.CARD: Channel(
        "クレジットカード",
        "card",
        "paid by card",
        code="0680",
        file_name="クレジットカード(公金)",
        confirmation_business_days=3,
        preliminary_delay_days=0,
        needs_barcode=True,
    ),
    Method.INTERNET_BANKING: Channel(
        "インターネットバンキング",
        "internet banking",
        "paid by internet banking",
        code="0610",
        file_name="インターネットバンキング",
        confirmation_business_days=3,
        preliminary_delay_days=0,
        network=Settler.BANK,
        deposit_business_days=2,
        needs_barcode=True,
    ),
    Method.COUNTER: Channel(
        "窓口",
        "ward counter",
        "paid at the ward's counter",
        code="0100",
        file_name="窓口",
        confirmation_business_days=1,
        network=Settler.COUNTER,
    ),
    Method.BANK_COUNTER: Channel(
        "金融機関窓口",
        "bank counter",
        "paid at a bank's counter",
        code="0110",
        file_name="金融機関窓口",
        confirmation_business_days=4,
        network=Settler.BANK_COUNTER,
        deposit_business_days=4,
    ),
    Method.DIRECT_DEBIT: Channel(
        "口座振替",
        "direct debit",
        "debited from an account",
        code="0120",
        file_name="口座振替",
        confirmation_business_days=4,
        network=Settler.DIRECT_DEBIT,
        deposit_business_days=4,
    ),
    Method.CONVENIENCE_STORE: Channel(
        "コンビニ",
        "convenience store",
        "paid at a convenience store",
        code="0200",
        file_name="コンビニエンスストア",
        confirmation_business_days=5,
        preliminary_delay_days=1,
        network=Settler.CONVENIENCE_STORE,
        closing_days="10/20/eom",
        deposit_business_days=9,
        needs_barcode=True,
    ),
}
NETWORKS: Final[Mapping[Method, Settler]] = {
    method: channel.network for method, channel in CHANNELS.items() if channel.network is not None
}
"""The network of each channel; the collection centre (収納センター) represents all of them. Cards have none."""


class SettlerNames(NamedTuple):
    """A settler's names, on screen and in files."""

    japanese: str
    """Also used in names of accounts: 収納済未入金 コンビニ."""
    name: str
    """In both languages."""
    shop_code: str
    """店舗コード in a receipt file, at most 7 characters: an app has no shop, so the field names the settler."""
    payer_code: str
    """振込依頼人コード in a bank's deposit notice: 10 digits."""
    payer_name: str
    """振込依頼人名 in a bank's deposit notice: half-width, at most 48 characters."""


SETTLERS: Final[Mapping[Settler, SettlerNames]] = {
    Settler.JCB: SettlerNames("JCB", "丙 JCB", "JCB", "0000000681", "ｶ)ｼﾞｴ-ｼ-ﾋﾞ-"),
    Settler.UC: SettlerNames("UC", "丙 UC", "UC", "0000000682", "ﾕ-ｼ-ｶ-ﾄﾞ(ｶ"),
    Settler.BANK: SettlerNames("金融機関", "金融機関 bank network", "BANK", "0000000610", "ﾈﾂﾄﾊﾞﾝｷﾝｸﾞ ｼﾕｳﾉｳｸﾞﾁ"),
    Settler.COUNTER: SettlerNames("窓口", "窓口 counters", "COUNTER", "0000000100", "ｸﾔｸｼﾖ ﾏﾄﾞｸﾞﾁ"),
    Settler.BANK_COUNTER: SettlerNames(
        "金融機関窓口", "金融機関窓口 bank counters", "BANKCTR", "0000000110", "ｷﾝﾕｳｷｶﾝ ﾏﾄﾞｸﾞﾁ"
    ),
    Settler.DIRECT_DEBIT: SettlerNames("口座振替", "口座振替 direct debit", "DEBIT", "0000000120", "ｺｳｻﾞﾌﾘｶｴ"),
    Settler.CONVENIENCE_STORE: SettlerNames(
        "コンビニ", "コンビニ convenience stores", "CVS", "0000000200", "ｺﾝﾋﾞﾆ ｼﾕｳﾉｳﾀﾞｲｺｳ"
    ),
}
