/** The report's look: system fonts, dark and light, narrow screens and paper. */
export const REPORT_STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1rem 1.5rem 4rem}
h1{margin:.5rem 0;overflow-wrap:anywhere}
h2{margin:2.5rem 0 .5rem;border-bottom:1px solid currentColor}
.verdict{font-size:1.25rem;font-weight:600;margin:.25rem 0}
.note,caption{opacity:.75;text-align:left}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}
th,td{text-align:left;padding:.2rem .7rem .2rem 0;vertical-align:top;border-bottom:1px solid #8884}
th[scope=row]{font-weight:500;overflow-wrap:anywhere;min-width:9rem}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.hash,.id{font:12px/1.6 ui-monospace,monospace;overflow-wrap:anywhere}
thead th{border-bottom-color:currentColor;white-space:nowrap}
.part th{padding-left:1.5rem}
.whole th,.whole .n{font-weight:700}
code{font-size:.85em;overflow-wrap:anywhere}
.names{list-style:none;margin:0;padding:0;overflow-wrap:anywhere}.names li{display:inline-block;margin-right:1.25rem}
.gallery{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem}
figure{margin:0;display:flex;gap:.75rem}
figure img{width:104px;height:auto;align-self:flex-start;border:1px solid #8888;background:#fff}
figcaption{font-size:.9rem;overflow-wrap:anywhere}
svg{width:100%;max-width:48rem;height:auto;font-size:12px}
svg rect{fill:#4a78b5}svg text{fill:currentColor}svg line{stroke:currentColor}
.methods{border-left:4px solid #4a78b5;padding-left:1rem;max-width:48rem}
@media print{body{max-width:none;font-size:11px}h2{break-after:avoid}tr,figure{break-inside:avoid}table{display:table}}
`;
