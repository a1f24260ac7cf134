/** The report's look: system fonts, dark and light, narrow screens and paper. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--line:#8885;--accent:#2f5f9e;--warn:#a3480b}
@media (prefers-color-scheme:dark){:root{--accent:#7fb0ee;--warn:#f0a35e}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem 1.5rem 4rem}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
h1{margin:.5rem 0;overflow-wrap:anywhere}
h2{margin:2.5rem 0 .5rem;border-bottom:1px solid currentColor}
h3{margin:1.5rem 0 .25rem;font-size:1rem}
header p{overflow-wrap:anywhere}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.75rem 0;padding:0}
.verdict{font-size:1.25rem;font-weight:600;margin:.25rem 0}
.note,caption{opacity:.8;text-align:left}
.scroll{overflow-x:auto}
table{border-collapse:collapse;min-width:min(100%,40rem)}
th,td{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;border-bottom:1px solid var(--line)}
th[scope=row]{font-weight:500;overflow-wrap:anywhere;min-width:11rem}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead th{border-bottom-color:currentColor;white-space:nowrap}
th button{font:inherit;font-weight:700;color:inherit;background:none;border:0;padding:0;cursor:pointer;text-decoration:underline dotted}
th button:disabled{cursor:default;text-decoration:none;opacity:1;color:inherit}
th[aria-sort=ascending] button::after{content:" \\2191"}th[aria-sort=descending] button::after{content:" \\2193"}
.tools{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline;margin:.75rem 0}.tools[hidden]{display:none}
.tools input,.tools select,#documents-more{font:inherit;padding:.3rem .5rem}
.part th{padding-left:1.5rem}
.whole th,.whole .n{font-weight:700}
code{font-size:.85em;overflow-wrap:anywhere}
details{margin:.4rem 0}summary{cursor:pointer;padding:.2rem 0}
.names{list-style:none;margin:0;padding:0 0 0 1.2rem;overflow-wrap:anywhere;columns:22rem}
.gallery{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem}
figure{margin:0;display:flex;gap:.75rem}
figure img{width:104px;height:auto;align-self:flex-start;border:1px solid #8888;background:#fff}
figcaption{font-size:.9rem;overflow-wrap:anywhere}
svg{max-width:100%;height:auto;font-size:12px}
.histogram{width:100%;max-width:48rem}
svg rect{fill:var(--accent)}svg text{fill:currentColor}svg line{stroke:currentColor}
.strips svg{height:26px;display:block}.strips .faint{fill:var(--warn)}.strips .bad{fill:none;stroke:var(--warn)}
.methods{border-left:4px solid var(--accent);padding-left:1rem;max-width:48rem}
@media (max-width:40rem){body{padding:.75rem .75rem 3rem}th[scope=row]{min-width:8rem}}
@media print{body{max-width:none;font-size:11px}h2{break-after:avoid}tr,figure,svg{break-inside:avoid}.scroll{overflow:visible}nav,.tools,#documents-more{display:none}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
`;
