"""One page that shows what a command of the laboratory wrote: the audit, the main tables, every picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd

__all__ = ["write_page"]

_STYLE = """
:root{--ink:#22262b;--soft:#6b7280;--line:#d9dde2;--paper:#fff}
body{margin:0 auto;max-width:1120px;padding:28px 20px 60px;color:var(--ink);background:var(--paper);
font:15px/1.5 "Source Sans Pro","Source Sans 3",system-ui,sans-serif}
h1{font-size:28px;line-height:1.2;margin:0 0 6px}h2{font-size:19px;margin:34px 0 8px}
p.soft,figcaption,td.soft{color:var(--soft)}ul{padding-left:20px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600}td.number{text-align:right;font-variant-numeric:tabular-nums}
.verdict{display:inline-block;min-width:46px;padding:0 8px;border-radius:9px;text-align:center}
.pass{background:#dcebdf;color:#1d4f2c}.look{background:#fbf3dc;color:#6b4a00}
.fail{background:#f4d9d3;color:#7f2a3c}
figure{margin:18px 0}img{max-width:100%;height:auto;border:1px solid var(--line)}
a{color:#1d4f73}:focus{outline:2px solid #1d4f73}
@media print{body{max-width:none}figure{break-inside:avoid}}
"""
_MOST_ROWS = 60
_TEN = 10


def write_page(
    folder: Path,
    title: str,
    *,
    files: Sequence[Path],
    tables: Mapping[str, tuple[str, pd.DataFrame]],
    audit: pd.DataFrame | None = None,
    notes: Iterable[str] = (),
    credit: str = "",
) -> Path:
    """Write ``index.html`` to `folder` and return its path; it opens from any place, without the internet.

    Parameters
    ----------
    folder : Path
    title : str
    files : sequence of Path
        All that was written: pictures are shown with their alt text, tables are linked.
    tables : mapping of file name -> (heading, DataFrame)
        Those that are shown, at most sixty rows each.
    audit : DataFrame, optional
        As `audit_index` returns.
    notes : iterable of str
        What a reader must know first.
    credit : str
    """
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="soft">{escape(credit)}</p>' if credit else ""]
    said = [n for n in notes if n]
    if said:
        parts.append("<ul>" + "".join(f"<li>{escape(n)}</li>" for n in said) + "</ul>")
    if audit is not None:
        parts += ['<h2 id="audit">Audit: ten steps of the OECD/JRC Handbook</h2>', _audit(audit)]
    for name, (heading, table) in tables.items():
        parts += [f'<h2 id="{escape(name)}">{escape(heading)}</h2>', _table(table)]
        if len(table) > _MOST_ROWS:
            parts.append(f'<p class="soft">{len(table) - _MOST_ROWS} more rows in {escape(name)}.csv</p>')
    pictures = [f for f in files if f.suffix == ".png"]
    if pictures:
        parts += ["<h2>Pictures</h2>", *(_picture(p) for p in pictures)]
    linked = [f for f in files if f.suffix == ".csv"]
    links = (f'<li><a href="{escape(f.name)}">{escape(f.name)}</a></li>' for f in linked)
    parts += ["<h2>Tables</h2>", "<ul>" + "".join(links) + "</ul>"] if linked else []
    body = "\n".join(p for p in parts if p)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    view = '<meta name="viewport" content="width=device-width,initial-scale=1">'
    path = folder / "index.html"
    page = f'<!doctype html>\n<html lang="en"><head>{view}{head}</head>\n<body><main>\n{body}\n</main></body>'
    path.write_text(f"{page}</html>\n", encoding="utf-8", newline="\n")
    return path


def _audit(audit: pd.DataFrame) -> str:
    rows = []
    for step, row in audit.iterrows():
        verdict = escape(str(row["verdict"]))
        cells = (
            f"<td>{step}</td><td>{escape(str(row['name']))}</td>"
            f'<td><span class="verdict {verdict}">{verdict}</span></td>'
            f'<td>{escape(str(row["reason"]))}</td><td class="soft">{escape(str(row["figures"]))}</td>'
        )
        rows.append(f"<tr>{cells}</tr>")
    return _framed(("", "step", "verdict", "why", "figures"), rows)


def _table(table: pd.DataFrame) -> str:
    flat = table.head(_MOST_ROWS).reset_index()
    columns = [_cells(flat.iloc[:, place]) for place in range(flat.shape[1])]
    rows = ["<tr>" + "".join(row) + "</tr>" for row in zip(*columns, strict=True)]
    return _framed([str(c).replace("_", " ") for c in flat], rows)


def _framed(heads: Iterable[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    body = "\n".join(rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _cells(column: pd.Series) -> list[str]:
    """Return the cells of one column; its numbers have as many decimals as the greatest of them needs."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return [f"<td>{escape('' if pd.isna(v) else str(v))}</td>" for v in column]
    numbers = column.astype(float)
    known = numbers.dropna().abs()
    most = float(known.max()) if len(known) else 0.0
    whole = bool((known == known.round()).all())
    digits = 0 if whole else 1 if most >= _TEN else 2 if most >= 1 else 3
    return [f'<td class="number">{_number(v, digits)}</td>' for v in numbers]


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return "–"
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", "−")


def _picture(path: Path) -> str:
    beside = path.with_suffix(".alt.txt")
    alt = escape(beside.read_text(encoding="utf-8").strip() if beside.is_file() else path.stem)
    return f'<figure id="{escape(path.stem)}"><img src="{escape(path.name)}" alt="{alt}"></figure>'
