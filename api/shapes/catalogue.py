"""The norms as data, and the state of the server."""

from typing import Literal

from pydantic import Field

from api.shapes.base import HazardCode, Level
from inspection.wire import Sha256, Wire

Detection = Literal["on", "on_trial", "off", "none"]


class HazardOnTrial(Wire):
    """A hazard that the model knows by a label whose measured quality is below its floor."""

    hazard_code: HazardCode
    label: str = Field(examples=["smoke"])


class Health(Wire):
    """The server answers and reaches its database."""

    status: Literal["ok"]
    version: str = Field(examples=["0.1.0"])
    model_name: str = Field(examples=["anxun-nano"])
    model_sha256: Sha256
    hazards_on: list[HazardCode] = Field(
        description="hazards that this server looks for in photos", examples=[["PPE-01", "FIR-08"]]
    )
    hazards_on_trial: list[HazardOnTrial] = Field(
        description="of these, the ones that rest on an experimental label which the operator switched on"
    )
    hazards_off: list[HazardOnTrial] = Field(
        description="hazards that rest on an experimental label and are not looked for"
    )


class HazardTypeView(Wire):
    """A row of the hazard catalogue. `basis_checked` false: show the basis as "to be verified"."""

    code: HazardCode
    name_zh: str
    name_en: str
    category: str = Field(examples=["fire"])
    level: Level
    deadline_days: int = Field(ge=0, description="days to fix; 0 means at once")
    basis: str
    basis_checked: bool
    model_label: str | None = Field(
        description="what models call it, where they have a label for it; what a box of it is labelled",
        examples=["head"],
    )
    detectable_by_image: bool = Field(description="a picture can show it, whoever looks")
    detection: Detection = Field(
        description="whether this server's model looks for it: on; on_trial (experimental, switched on by the operator);"
        " off (experimental); none (the model does not know it)"
    )


class HazardTypes(Wire):
    """The hazard catalogue."""

    items: list[HazardTypeView]


class DismissalReasonView(Wire):
    """Why a finding is dismissed. `counts`: it speaks against the model in the live figures."""

    code: str = Field(examples=["reflection"])
    name_zh: str
    name_en: str
    counts: bool
    teaches: Literal["absent", "present", "unknown", "nothing"] = Field(
        description="what a model learns from it about the finding's label in this picture"
    )


class DecisionChoices(Wire):
    """What a person chooses from when they decide about a finding."""

    reasons: list[DismissalReasonView]
    labels: list[str] = Field(
        description="what a box may be labelled", examples=[["person", "head"]]
    )


class LedgerSectionView(Wire):
    """One of the 28 sections of an enterprise's ledger."""

    code: str = Field(examples=["L27"])
    name_zh: str
    name_en: str
    key_fields: list[str]
    frequency: str
    retention: str
    owner: str
    basis: str
    basis_checked: bool
    plan: str = Field(
        description="which plan it must hold: treatment, one for each major hazard; field=choice, a record"
    )


class LedgerSections(Wire):
    """The sections of a ledger."""

    items: list[LedgerSectionView]
