# SPDX-License-Identifier: MIT
"""The chart for the README: horizontal bars, drawn as plain SVG that follows the reader's light or
dark theme. A thin line on each bar spans the slowest and the fastest round."""

from xml.sax.saxutils import escape

WIDTH = 860
LABEL_WIDTH = 190
VALUE_WIDTH = 200
BAR_HEIGHT, BAR_STEP = 18, 26
PANEL_HEAD = 40
HEAD, FOOT, MARGIN = 44, 34, 16

STYLE = """
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f }
  .title { font-size: 17px; font-weight: 600 }
  .panel { font-weight: 600 }
  .note, .value { fill: #57606a }
  .library { fill: #0969da } .raw { fill: #8c959f } .peer { fill: #c9d1d9 }
  .spread { stroke: #24292f; stroke-width: 1; opacity: .6 }
  .axis { stroke: #d0d7de }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note, .value { fill: #8b949e }
    .library { fill: #2f81f7 } .raw { fill: #6e7681 } .peer { fill: #444c56 }
    .spread { stroke: #e6edf3 } .axis { stroke: #30363d }
  }
"""


def text(x, y, content, style="", anchor="start"):
    return (f'  <text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">'
            f"{escape(content)}</text>")


def panel(top, title, rows, scale):
    """The bars of one table, fastest first; returns the lines and the height."""
    lines = [text(MARGIN, top + 22, title, "panel")]
    y = top + PANEL_HEAD - 6
    bars_left = MARGIN + LABEL_WIDTH
    bottom = y + len(rows) * BAR_STEP
    lines.append(f'  <line class="axis" x1="{bars_left}" y1="{y - 4}" x2="{bars_left}" '
                 f'y2="{bottom - 4}"/>')
    for row in rows:
        value = row["requests_per_second"]
        middle = y + BAR_HEIGHT / 2
        end = bars_left + value["median"] * scale
        low, high = (bars_left + value[key] * scale for key in ("min", "max"))
        weight = ' style="font-weight:600"' if row["group"] == "library" else ""
        label = text(bars_left - 8, middle + 4.5, row["name"], "label", "end")
        lines.append(label.replace('class="label"', f'class="label"{weight}'))
        lines.append(f'  <rect class="{row["group"]}" x="{bars_left}" y="{y}" rx="2" '
                     f'width="{value["median"] * scale:.1f}" height="{BAR_HEIGHT}"/>')
        lines.append(f'  <line class="spread" x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" '
                     f'y2="{middle}"/>')
        figure = f"{value['median'] / 1000:,.0f} k/s"
        if "rate_ratio" in row and row["group"] == "library":
            ratio = row[row["ratio_by"] + "_ratio"]["median"]
            figure += f" ({ratio:.2f} of the raw loop)"
        lines.append(text(max(end, high) + 8, middle + 4.5, figure, "value"))
        y += BAR_STEP
    return lines, bottom - top


def draw(results):
    panels = [echo for echo in results["echo"] if echo["rows"]]
    fastest = max(row["requests_per_second"]["max"] for echo in panels for row in echo["rows"])
    scale = (WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH) / fastest
    body, y = [], HEAD
    for echo in panels:
        rows = sorted(echo["rows"], key=lambda row: -row["requests_per_second"]["median"])
        lines, height = panel(y, f"{echo['connections']:,} connections", rows, scale)
        body += lines
        y += height
    height = y + FOOT
    machine = results["machine"]
    command = "make bench" + (" PEERS=1" if results["peers"] else "")
    note = (f"{machine['processor']}, Linux {machine['kernel']}. Median of "
            f"{results['plan']['rounds']} interleaved rounds, thin line: all of them. {command}")
    title = "Echo of 64 bytes, requests per second, server on one core"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">',
        f"  <style>{STYLE}  </style>", text(MARGIN, 28, title, "title"), *body,
        text(MARGIN, height - 12, note, "note"), "</svg>", ""])
