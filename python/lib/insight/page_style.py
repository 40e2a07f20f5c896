"""The style of the report's page: light and dark by the reader's setting, always light on paper."""

CSS = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --paper: #ffffff; --bar: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d; --paper: #0d1117; --bar: #4493f8; }
}
@media print {
  :root { --ink: #000000; --soft: #444444; --line: #bbbbbb; --paper: #ffffff; --bar: #333333; }
  section { break-inside: avoid; }
  section.long { break-inside: auto; }
  tr { break-inside: avoid; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 2rem 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; print-color-adjust: exact; }
h1 { font-size: 1.6rem; margin: 0 0 0.25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
dl.cover { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 1rem 0;
  padding: 1rem 0; border: solid var(--line); border-width: 1px 0; }
dl.cover dt { color: var(--soft); }
dl.cover dd { margin: 0; overflow-wrap: anywhere; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem; margin: 0; }
dl.figures > div { border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.75rem 1rem; }
dl.figures dt { color: var(--soft); }
dl.figures dd { margin: 0; font-size: 1.4rem; font-weight: 600; }
dl.figures dd.definition { font-size: 0.8rem; font-weight: 400; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.25rem 0.5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th.number, td.number { text-align: right; }
svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg .grid { stroke: var(--line); }
svg .bar { fill: var(--bar); }
p.note { color: var(--soft); margin: 0.25rem 0; }
"""
