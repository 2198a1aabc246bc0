"""`anxun verify-devices`: from an export alone, which device said which finding. Needs only the base install."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def verify_devices(
    bundle: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="the export (.zip) / 导出包")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="DEVICE-ID=PUBLIC-KEY, got elsewhere; an export of one item holds no keys / 另行取得的设备公钥"
        ),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON / 输出 JSON")] = False,
) -> None:
    """Check the export, then each finding's signature by its device: 0 when all hold, 1 when not. 核验设备签名。"""
    from inspection.device_signatures import DeviceCheck, SignatureWrong
    from ledger.archive import ENTRIES, Archive
    from ledger.errors import BundleError
    from ledger.lines import read_line
    from ledger.verify import verify_bundle

    given = dict(one.split("=", 1) for one in key or () if "=" in one)
    check = DeviceCheck(keys=dict(given), given=frozenset(given))
    try:
        verify_bundle(bundle)
        with Archive(bundle) as archive:
            lines = (read_line(text, number) for number, text in enumerate(archive.lines(ENTRIES)))
            check.walk((line.index, line.read()[1]) for line in lines)
    except (BundleError, SignatureWrong) as error:
        err.print(f"WRONG / 不符: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps({"ok": True, "keys": check.keys, "signed": check.signed, "unsigned": check.unsigned, "erased": check.erased}))  # fmt: skip
        return
    for device_id, count in sorted(check.signed.items()):
        out.print(f"{device_id}: {count} findings signed / 条发现签名有效", markup=False)
    out.print(f"unsigned / 无签名 {check.unsigned} · erased / 已删除 {check.erased}", markup=False)
