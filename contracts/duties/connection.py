"""A 外部結合: the line between the ward and the collection centre. Pure."""

from __future__ import annotations

from typing import Final

from contracts.duties.duty import LINE_ENDS, PERSONS, Checked, CheckName, Duty
from contracts.duties.ways import ADMITTED, ATTACKS, FIREWALL, INSPECTED, MEDIA, PEERS, TRAINED
from contracts.parties import WARD

CONNECTION: Final = (
    Duty(
        "A-O1",
        LINE_ENDS,
        PERSONS,
        "データを取り扱う区及び収納代行業者の職員に、個人情報保護及び情報セキュリティの教育を定期的に行う",
        "staff of the ward and the provider who handle the data are instructed regularly in protection and security",
        (TRAINED,),
    ),
    Duty(
        "A-O2",
        (WARD,),
        PERSONS,
        "必要に応じて収納代行業者への立入調査を行う",
        "the ward inspects the provider on site where needed",
        (INSPECTED,),
    ),
    Duty(
        "A-S1",
        LINE_ENDS,
        PERSONS,
        "専用回線を用い、通信できる相手を収納代行業者に限定する",
        "a dedicated line; only the named provider may communicate",
        (PEERS,),
    ),
    Duty(
        "A-S2",
        LINE_ENDS,
        PERSONS,
        "区が受け取るデータは暗号化し、当事者以外には読めないようにする",
        "what the ward receives is encrypted, so that nobody but the parties to it can read it",
        (Checked(CheckName.SEALED),),
    ),
    Duty(
        "A-S3",
        LINE_ENDS,
        PERSONS,
        "ファイアウォール及びウイルス対策を講じる",
        "firewall and anti-virus are in place",
        (FIREWALL,),
    ),
    Duty(
        "A-S4",
        LINE_ENDS,
        PERSONS,
        "標的型攻撃に対し、検知・分析・遮断の対策を講じる",
        "measures against targeted attacks: detect, analyse, cut off",
        (ATTACKS,),
    ),
    Duty(
        "A-S5",
        LINE_ENDS,
        PERSONS,
        "ネットワーク機器により、通信できるシステムを制限する",
        "network devices limit which systems can communicate",
        (PEERS,),
    ),
    Duty(
        "A-S6",
        LINE_ENDS,
        PERSONS,
        "端末は電子証明書並びに利用者ID及びパスワードで認証し、指定した端末及び職員に限る",
        "terminals: certificate and user ID with password; named terminals and named staff alone",
        (ADMITTED,),
    ),
    Duty(
        "A-S7",
        LINE_ENDS,
        PERSONS,
        "アクセス権限を設定し、業務に必要な範囲に限る",
        "access control: each sees only what they need",
        (Checked(CheckName.ROLES),),
    ),
    Duty(
        "A-S8",
        LINE_ENDS,
        PERSONS,
        "誰がどのデータにアクセスしたかをログに記録する",
        "logs record who accessed what",
        (Checked(CheckName.ACCESS_LOG),),
    ),
    Duty(
        "A-S9",
        LINE_ENDS,
        PERSONS,
        "USBメモリ等の媒体を使用できないようにし、データの持出しを防ぐ",
        "no USB or other media: data cannot easily be carried out",
        (MEDIA,),
    ),
)
