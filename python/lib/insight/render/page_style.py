"""The style of the report's page: light and dark by the reader's setting, always light on paper."""

CSS = """
:root { color-scheme: light dark; --ink: #17202b; --soft: #566270; --line: #dde3ea; --paper: #ffffff; --panel: #f5f7fa;
  --bar: #1f63c6; --bar-soft: #a8c5ee; --good: #14693a; --good-back: #e3f4ea; --open: #7d4a00; --open-back: #fdf1dc;
  --part1: #5b93e0; --part2: #a8c5ee; --part3: #cfd6de; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9eef4; --soft: #a0acb9; --line: #2c3642; --paper: #10151b; --panel: #18202a;
    --bar: #6ba3f8; --bar-soft: #35567f; --good: #7bd6a1; --good-back: #14301f; --open: #edbf6d; --open-back: #362810;
    --part1: #3f74bd; --part2: #2f4f78; --part3: #3a4552; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 58rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
header p { margin: 0; }
header .kind { color: var(--bar); font-size: 0.8rem; font-weight: 600; letter-spacing: 0.08em;
  text-transform: uppercase; }
h1 { font-size: 2.1rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0.1rem 0; overflow-wrap: anywhere; }
header .when { font-size: 1.15rem; color: var(--soft); }
p.status { display: inline-block; margin-top: 0.9rem; padding: 0.3rem 0.75rem; border-radius: 0.4rem;
  border: 1px solid; font-size: 0.9rem; }
p.status b { font-weight: 600; }
p.complete { color: var(--good); background: var(--good-back); }
p.open { color: var(--open); background: var(--open-back); }
h2 { font-size: 1.25rem; letter-spacing: -0.01em; margin: 2.6rem 0 0.25rem; }
p.note { color: var(--soft); font-size: 0.9rem; margin: 0 0 0.75rem; max-width: 48rem; }
p.note code, dd code { font: 0.92em ui-monospace, Menlo, Consolas, monospace; }
dl.cover { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1.25rem; margin: 1.5rem 0 0;
  padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 0.6rem; background: var(--panel);
  font-size: 0.9rem; }
dl.cover dt { color: var(--soft); }
dl.cover dd { margin: 0; overflow-wrap: anywhere; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); gap: 0.75rem;
  margin: 0.75rem 0 0; }
dl.figures > div { border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.8rem 1rem; }
dl.figures dt { color: var(--soft); font-size: 0.9rem; }
dl.figures dd { margin: 0; }
dl.figures dd.number { font-size: 1.7rem; font-weight: 650; line-height: 1.3; letter-spacing: -0.02em; }
dl.figures .unit { font-size: 0.95rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
dl.figures dd.none { font-size: 1.1rem; font-weight: 400; line-height: 2; color: var(--soft); }
dl.figures dd.change { color: var(--soft); font-size: 0.85rem; min-height: 1.3em; }
dl.terms dt { font-weight: 600; margin-top: 0.6rem; }
dl.terms dd { margin: 0; color: var(--soft); font-size: 0.9rem; }
figure { margin: 0.5rem 0 1.25rem; }
figcaption { color: var(--soft); font-size: 0.85rem; }
.wide { overflow-x: auto; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--soft); }
svg .value { fill: var(--ink); font-weight: 600; }
svg .grid { stroke: var(--line); }
svg .bar, svg .part0 { fill: var(--bar); }
svg .weekend { fill: var(--bar-soft); }
svg .part1 { fill: var(--part1); }
svg .part2 { fill: var(--part2); }
svg .part3 { fill: var(--part3); }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
table.narrow { width: auto; min-width: 20rem; }
th, td { text-align: left; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line);
  vertical-align: baseline; }
thead th { color: var(--soft); font-size: 0.85rem; font-weight: 500; border-bottom-color: var(--soft);
  vertical-align: bottom; }
tbody th { font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
th.number, td.number { text-align: right; }
td.number + td:not(.number), th.number + th:not(.number) { padding-left: 1.5rem; }
td.number, th.day, td.day { white-space: nowrap; }
.chunks { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 0 2.5rem; }
.chunks table.narrow { width: 100%; min-width: 0; align-self: start; }
footer { margin-top: 3rem; padding-top: 0.75rem; border-top: 1px solid var(--line); color: var(--soft);
  font-size: 0.8rem; overflow-wrap: anywhere; }
@media screen and (max-width: 40rem) {
  body { padding: 1.25rem 1rem 3rem; }
  h1 { font-size: 1.7rem; }
  dl.cover { grid-template-columns: 1fr; gap: 0; }
  dl.cover dd { margin-bottom: 0.5rem; }
  dl.figures { grid-template-columns: 1fr 1fr; }
  figure svg { min-width: 36rem; }
  .wide table { min-width: 34rem; }
  .wide table.narrow { min-width: 0; width: 100%; }
}
@media print {
  :root { color-scheme: light; --ink: #000000; --soft: #454d56; --line: #cfd5db; --paper: #ffffff; --panel: #ffffff;
    --bar: #1f63c6; --bar-soft: #a8c5ee; --good: #14693a; --good-back: #ffffff; --open: #7d4a00; --open-back: #ffffff;
    --part1: #5b93e0; --part2: #a8c5ee; --part3: #cfd6de; }
  @page { size: A4; margin: 15mm; }
  body { font-size: 9pt; padding: 0; max-width: none; }
  h1 { font-size: 20pt; }
  h2 { font-size: 12pt; margin-top: 7mm; break-after: avoid; }
  p.note { break-after: avoid; max-width: none; margin-bottom: 1.5mm; }
  p.note, figure, table, tr, .figures > div, .terms > dd { break-inside: avoid; }
  figure { break-after: avoid; }
  figure svg { max-height: 48mm; }
  .long table { font-size: 8pt; }
  .long table { break-inside: auto; }
  figure { margin-bottom: 3mm; }
  dl.cover { font-size: 8.5pt; padding: 3mm 4mm; margin-top: 4mm; }
  dl.figures { grid-template-columns: repeat(4, 1fr); gap: 2.5mm; }
  dl.figures > div { padding: 2mm 3mm; }
  dl.figures dt { font-size: 8pt; }
  dl.figures dd.number { font-size: 15pt; }
  .chunks { grid-template-columns: repeat(3, 1fr); }
  th, td { padding: 0.6mm 2mm 0.6mm 0; line-height: 1.35; }
  .wide { overflow: visible; }
  dl.terms dt { break-after: avoid; }
}
"""
