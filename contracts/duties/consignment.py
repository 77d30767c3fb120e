"""B 業務委託: what the ward does itself when it has the work done by others. Pure."""

from __future__ import annotations

from typing import Final

from contracts.duties.duty import PERSONS, Checked, CheckName, Duty
from contracts.duties.ways import ADMITTED, INSPECTED, PAPER, PEERS
from contracts.parties import WARD

CONSIGNMENT: Final = (
    Duty(
        "B-O1",
        (WARD,),
        PERSONS,
        "仕様書に、区の情報セキュリティポリシー及び条例の遵守並びに特記事項を明記する",
        "the specification obliges the contractors to the ward's security policy and ordinance; the annex is attached",
        (PAPER,),
    ),
    Duty(
        "B-O2",
        (WARD,),
        PERSONS,
        "必要に応じて管理・保管状況の立入調査を行う",
        "on-site checks of management and storage where needed",
        (INSPECTED,),
    ),
    Duty(
        "B-O3",
        (WARD,),
        PERSONS,
        "サービスの内容、利用をもって規約への同意とすること及び取り扱う項目を、ホームページ及びアプリで周知する",
        "the public is told how the service works, that using it counts as consent, and which items are handled",
        (Checked(CheckName.TERMS_PUBLISHED),),
    ),
    Duty("B-S1", (WARD,), PERSONS, "専用回線を用い、相手を限定する", "a dedicated line with named peers", (PEERS,)),
    Duty(
        "B-S2",
        (WARD,),
        PERSONS,
        "収納データを受信できる端末を限定する",
        "the terminals that can receive receipt data are limited",
        (ADMITTED,),
    ),
    Duty(
        "B-S3",
        (WARD,),
        PERSONS,
        "ログイン時及び収納データの受信時に、利用者ID、パスワード及び権限を確認する",
        "user ID, password and rights are checked at login and when receipt data are received",
        (ADMITTED, Checked(CheckName.ROLES)),
    ),
    Duty(
        "B-S4",
        (WARD,),
        PERSONS,
        "端末に一時保存したデータは、介護システムへの登録後に消去する",
        "what the terminal stores for a time is deleted once it is registered",
        (Checked(CheckName.TERMINAL_COPIES),),
    ),
)
