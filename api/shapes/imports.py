"""What an import found, row by row."""

from typing import Self

from pydantic import Field

from inspection.importing.forms import ImportKind
from inspection.importing.running import ImportReport, RowAction
from inspection.wire import Wire


class ImportFault(Wire):
    """What is wrong with a row, and what to do about it."""

    row: int = Field(description="as Excel numbers it; the headings are row 1", examples=[7])
    column: str = Field(
        description="its heading; empty for the row as a whole", examples=["统一社会信用代码"]
    )
    code: str = Field(description="stable, for programs", examples=["credit_code"])
    message: str
    advice: str


class ImportedRow(Wire):
    """What becomes of a row without a fault."""

    row: int
    action: RowAction = Field(description="`same`: it is there already, and nothing changes")
    subject: str = Field(examples=["柳岸电器有限公司"])
    link: str | None = Field(description="an invitation's link, shown once", default=None)


class ImportReportView(Wire):
    """The outcome. With a fault nothing was written, also where `dry_run` was false."""

    kind: ImportKind
    is_dry_run: bool
    is_applied: bool
    created: int
    changed: int
    same: int
    rows: list[ImportedRow]
    faults: list[ImportFault]

    @classmethod
    def from_report(cls, report: ImportReport) -> Self:
        """Return the view of a report."""
        return cls(
            kind=report.kind,
            is_dry_run=report.is_dry_run,
            is_applied=report.is_applied,
            created=report.count(RowAction.CREATE),
            changed=report.count(RowAction.CHANGE),
            same=report.count(RowAction.SAME),
            rows=[
                ImportedRow(
                    row=row.number, action=row.action, subject=row.subject, link=row.link or None
                )
                for row in report.rows
            ],
            faults=[ImportFault(**vars(fault)) for fault in report.faults],
        )
