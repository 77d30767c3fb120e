"""C 受託事業者に行わせること: what the ward has its contractors do. Pure."""

from __future__ import annotations

from typing import Final

from contracts.duties.duty import CONTRACTORS, Checked, CheckName, Duty
from contracts.duties.ways import ATTACKS, CONDUCT, ERASED, FIREWALL, MEDIA, NAMED, PEERS
from contracts.parties import WARD

OF_CONTRACTORS: Final = (
    Duty(
        "C-O1",
        CONTRACTORS,
        WARD,
        "区の情報セキュリティポリシー及び条例を遵守する",
        "the ward's security policy and ordinance are kept",
        (CONDUCT,),
    ),
    Duty(
        "C-O2",
        CONTRACTORS,
        WARD,
        "取扱責任者及び従事者をあらかじめ定め、区に報告する",
        "a responsible person and handlers are named beforehand and reported",
        (NAMED,),
    ),
    Duty(
        "C-O3",
        CONTRACTORS,
        WARD,
        "データを定められた期日に消去し、区に報告する",
        "data are erased on the set date, and that is reported",
        (ERASED,),
    ),
    Duty(
        "C-S1",
        CONTRACTORS,
        WARD,
        "専用回線等を用い、通信の相手を限定する",
        "a dedicated network with named peers",
        (PEERS,),
    ),
    Duty(
        "C-S2",
        CONTRACTORS,
        WARD,
        "送受信するデータを暗号化する",
        "what is sent and received is encrypted",
        (Checked(CheckName.SEALED),),
    ),
    Duty(
        "C-S3",
        CONTRACTORS,
        WARD,
        "ファイアウォール及びウイルス対策を講じる",
        "firewall and anti-virus are in place",
        (FIREWALL,),
    ),
    Duty(
        "C-S4",
        CONTRACTORS,
        WARD,
        "標的型攻撃への対策を講じる",
        "measures against targeted attacks",
        (ATTACKS,),
    ),
    Duty(
        "C-S5",
        CONTRACTORS,
        WARD,
        "ネットワーク機器により、通信できるシステムを制限する",
        "network devices limit which systems can communicate",
        (PEERS,),
    ),
    Duty(
        "C-S6",
        CONTRACTORS,
        WARD,
        "システムの利用者を、利用者ID及びパスワード又は鍵で認証する",
        "users of the systems are authenticated by user ID with password, or by key",
        (Checked(CheckName.ROLES),),
    ),
    Duty(
        "C-S7",
        CONTRACTORS,
        WARD,
        "アクセス権限を業務に必要な範囲に限る",
        "access control: each sees only what they need",
        (Checked(CheckName.ROLES),),
    ),
    Duty(
        "C-S8",
        CONTRACTORS,
        WARD,
        "誰がどのデータにアクセスしたかをログに記録する",
        "logs record who accessed what",
        (Checked(CheckName.ACCESS_LOG),),
    ),
    Duty(
        "C-S9",
        CONTRACTORS,
        WARD,
        "媒体によるデータの持出しを防ぐ",
        "data cannot easily be carried out on media",
        (MEDIA, Checked(CheckName.CONTAINERS)),
    ),
    Duty(
        "C-S10",
        CONTRACTORS,
        WARD,
        "サーバを監視し、データのバックアップを取る",
        "servers are monitored, data backed up",
        (Checked(CheckName.MONITORED), Checked(CheckName.BACKED_UP)),
    ),
)
