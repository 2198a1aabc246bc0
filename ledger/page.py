"""The readable page of an export: the same bytes for the same entries, so that a verifier can tell a forged one.

Everything that comes from entries is escaped; the page has no script and forbids any.
"""

from collections.abc import Callable
from html import escape

from pydantic import JsonValue

from ledger.archive import EVIDENCE, FORMAT_V1, Manifest
from ledger.canonical import canonical
from ledger.checkpoint import Checkpoint
from ledger.entry import Attachment, Header, Record, format_time
from ledger.note import parse_note

SHOWN_ENTRIES = 1000
_SHOWN_IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_MAX_DEPTH = 6

_HEAD = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; margin: 1.5rem; color: #1c2430 }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem }} dt {{ color: #5a6677 }} dd {{ margin: 0; overflow-wrap: anywhere }}
table {{ border-collapse: collapse; width: 100% }} th, td {{ border: 1px solid #d5dbe3; padding: .3rem .5rem; text-align: left; vertical-align: top; overflow-wrap: break-word }}
thead th {{ background: #eef2f7; position: sticky; top: 0 }} th {{ white-space: nowrap }} td table {{ font-size: .9em }} img {{ max-width: 14rem; max-height: 10rem; display: block }}
code {{ font-size: .8em; color: #5a6677; overflow-wrap: anywhere }} .erased {{ color: #9a3412 }}
</style>
<h1>{title}</h1>
<p>本页便于阅读；真实性以 <code>anxun verify</code> 的结果为准。 This page is for reading; <code>anxun verify</code> tells whether it is true.</p>
<dl>
<dt>账本 Log</dt><dd>{origin}</dd>
<dt>范围 Scope</dt><dd>{scope}</dd>
<dt>树大小 Tree size</dt><dd>{size}</dd>
<dt>树根 Root hash</dt><dd><code>{root}</code></dd>
<dt>导出时间 Exported</dt><dd>{created_at}</dd>
{more}</dl>
<table>
<thead><tr><th>序号 Index</th><th>时间 Time (UTC)</th><th>类别 Kind</th><th>栏目 Section</th><th>记录人 By</th><th>内容 Data</th><th>证据 Evidence</th></tr></thead>
<tbody>
"""
_TAIL = "</tbody>\n</table>\n</html>\n"


class PageWriter:
    """Writes the page piece by piece: `begin`, `add` for each entry that it `shows` in order, `end`.

    Since format v2 it shows the last 1,000 entries of an export: no browser opens a table of a million rows.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        manifest: Manifest,
        checkpoint: Checkpoint,
        area: Checkpoint | None = None,
    ) -> None:
        self._write, self._manifest, self._checkpoint = write, manifest, checkpoint
        self._area = area
        is_whole = manifest.format == FORMAT_V1
        self._first = 0 if is_whole else max(0, manifest.entries - SHOWN_ENTRIES)

    def begin(self) -> None:
        """Write what stands above the entries."""
        manifest, checkpoint = self._manifest, self._checkpoint
        whole, part = "全部记录 every entry", "部分记录 chosen entries"
        fields = {
            "title": manifest.title or manifest.origin,
            "origin": checkpoint.origin,
            "scope": part if manifest.partial else whole,
            "size": str(checkpoint.size),
            "root": checkpoint.root.hex(),
            "created_at": manifest.created_at,
        }
        escaped = {name: escape(text) for name, text in fields.items()}
        self._write(_HEAD.format(**escaped, more=self._more()).encode())

    def shows(self, position: int) -> bool:
        """Return whether the entry at this place of the export (0-based) is on the page."""
        return position >= self._first

    def _more(self) -> str:
        if self._manifest.format == FORMAT_V1:
            return ""
        shown = min(self._manifest.entries, SHOWN_ENTRIES)
        rows = {
            "签名 Signatures": _signers(self._checkpoint),
            "显示 Shown": f"{shown} / {self._manifest.entries}",
        }
        if self._area is not None:
            rows["片区账本 Area log"] = f"{escape(self._area.origin)} ({self._area.size})"
            rows["片区签名 Area signatures"] = _signers(self._area)
        return "".join(f"<dt>{name}</dt><dd>{text}</dd>\n" for name, text in rows.items())

    def add(self, header: Header, leaf_hash: str, record: Record | None) -> None:
        """Write one entry."""
        if record is None:
            data = '<span class="erased">内容已依法删除 content erased</span>'
            by, evidence = "", ""
        else:
            by, data = escape(record.by), _value(dict(record.data), 0)
            evidence = "".join(_attachment(attachment) for attachment in record.attachments)
        cells = (
            f'{header.index}<br><code title="{escape(leaf_hash)}">{escape(leaf_hash[:12])}…</code>',
            f'<time datetime="{format_time(header.at)}">{header.at:%Y-%m-%d %H:%M:%S}</time>',
            escape(header.kind),
            escape(header.section),
            by,
            data,
            evidence,
        )
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        self._write(f'<tr id="entry-{header.index}">{row}</tr>\n'.encode())

    def end(self) -> None:
        """Write what stands below the entries."""
        self._write(_TAIL.encode())


def _signers(checkpoint: Checkpoint) -> str:
    return "<br>".join(escape(line.name) for line in parse_note(checkpoint.text).signatures)


def _attachment(attachment: Attachment) -> str:
    href = f"{EVIDENCE}{attachment.sha256}"
    said = f"{escape(attachment.role)} · {escape(attachment.media_type)} · {attachment.size} B"
    code = f'<code title="{attachment.sha256}">{attachment.sha256[:12]}…</code>'
    # Other types get no link: a browser guesses the type of a file without a suffix, and might run it.
    if attachment.media_type in _SHOWN_IMAGES:
        return f'<a href="{href}"><img loading="lazy" alt="{said}" src="{href}"></a>{said}<br>{code}<br>'
    return f"{said}<br>{code}<br>"


def _value(value: JsonValue, depth: int) -> str:
    if depth >= _MAX_DEPTH and isinstance(value, (dict, list)):
        return escape(canonical(value).decode())
    if isinstance(value, dict):
        rows = (
            f"<tr><th>{escape(name)}</th><td>{_value(value[name], depth + 1)}</td></tr>"
            for name in sorted(value)
        )
        return f"<table>{''.join(rows)}</table>"
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
        return ", ".join(_value(item, depth + 1) for item in value)
    if isinstance(value, list):
        return f"<ol>{''.join(f'<li>{_value(item, depth + 1)}</li>' for item in value)}</ol>"
    return escape(value if isinstance(value, str) else canonical(value).decode())
