"""How several duties are shown in one way, or why a kind of duty is not simulated. Pure."""

from __future__ import annotations

from typing import Final

from contracts.duties.duty import Answered, AtStart, Checked, CheckName, NotSimulated, RecordKind, WhereNeeded, Yearly

AT_ONCE_HOURS: Final = 24
"""直ちに: an incident is notified within this many hours of its discovery."""

PAPER: Final = NotSimulated(
    "書面上の取決めであり、システムの動作ではない", "an agreement on paper, not what a system does"
)
CONDUCT: Final = NotSimulated(
    "人の行動であり、システムからは分からない", "conduct of people, which a system does not see"
)
FIREWALL: Final = NotSimulated(
    "ファイアウォール及びウイルス対策は導入機器による。模擬しない",
    "firewall and anti-virus are appliances; not simulated",
)
ATTACKS: Final = NotSimulated(
    "標的型攻撃の検知・分析・遮断は導入機器による。模擬しない",
    "detection of targeted attacks is the work of appliances; not simulated",
)
MEDIA: Final = NotSimulated(
    "端末のUSB等の媒体制限は端末管理による。模擬しない", "USB and other media are a matter of the PC; not simulated"
)
PLACE: Final = NotSimulated("施錠等の物理的な管理は模擬しない", "locks and rooms are not simulated")

TRAINED: Final = Yearly(RecordKind.TRAINING_HELD)
NAMED: Final = AtStart(RecordKind.HANDLERS_NAMED)
ERASED: Final = Answered(RecordKind.ERASURE_DUE, RecordKind.ERASURE_CERTIFIED)
INSPECTED: Final = WhereNeeded(RecordKind.INSPECTION_HELD)
ADMITTED: Final = Checked(CheckName.TERMINAL_ADMISSION)
PEERS: Final = Checked(CheckName.NAMED_PEERS)
