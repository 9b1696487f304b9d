// @ts-check
/** How a tile looks, in the page and in the embedded element alike: a sheet that both adopt. */

const CSS = `
.tile { position: relative; display: flex; align-items: center; justify-content: center; min-width: 0; min-height: 0; width: 100%; height: 100%; }
.tile:focus-visible { outline: none; }
.tile:focus-visible .frame { outline: 2px solid var(--accent); outline-offset: 2px; }
.frame { min-width: 0; max-width: 100%; border-radius: 0.55rem; overflow: hidden; background: #05080c; }
.tile.active .frame { outline: 2px solid var(--accent); outline-offset: 1px; }
.tile.frozen .frame { outline: 2px solid var(--fair); outline-offset: 1px; }
.tile-head { display: none; align-items: center; gap: 0.5rem; height: 1.9rem; padding: 0 0.7rem; background: var(--raised); color: var(--ink); font-size: 0.9rem; }
.headed .tile-head { display: flex; }
.tile-name { flex: 1; min-width: 0; font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.tile-grade { flex: none; color: var(--dim); font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile-grade[data-grade="exact"] { color: var(--good); }
.tile-grade[data-grade="approximate"], .tile-grade[data-grade="frozen"] { color: var(--fair); }
.tile-grade[data-grade="bad"] { color: var(--bad); }
.dot { width: 0.58rem; height: 0.58rem; border-radius: 50%; background: var(--fair); flex: none; }
.dot[data-state="live"], .dot[data-state="quiet"], [data-state="live"] > .dot, [data-state="quiet"] > .dot { background: var(--key-exact); }
.dot[data-state="quiet"], [data-state="quiet"] > .dot { opacity: 0.65; }
.dot:is([data-state="stale"], [data-state="auth_failed"], [data-state="no_track"], [data-state="stopped"], [data-state="offline"], [data-state="backoff"]),
:is([data-state="stale"], [data-state="auth_failed"], [data-state="no_track"], [data-state="stopped"], [data-state="offline"], [data-state="backoff"]) > .dot { background: var(--bad); }
.stage { position: relative; }
.stage canvas { display: block; background: #05080c; }
.standing .stage canvas { filter: grayscale(1) brightness(0.42); }
.notice {
  position: absolute; left: 50%; top: 0.9rem; transform: translateX(-50%); width: max-content; max-width: min(92%, 46rem); max-height: 60%; overflow: auto;
  margin: 0; padding: 0.55rem 0.95rem; border-radius: 0.55rem; border: 1px solid rgb(255 200 87 / 0.4); background: rgb(24 20 10 / 0.93); color: #ffe9bd; font-size: 0.93rem; overflow-wrap: anywhere;
}
.trouble {
  position: absolute; left: 50%; top: 50%; transform: translate(-50%, -50%); width: max-content; max-width: min(90%, 42rem); max-height: 94%; overflow: auto;
  padding: 1rem 1.4rem; border-radius: 0.7rem; border: 1px solid #2a3646; background: rgb(10 14 20 / 0.93); color: #e8eef6; text-align: center; animation: appear 0.2s 0.4s both;
}
.trouble b { display: block; font-size: 1.1rem; font-weight: 600; text-wrap: balance; }
.trouble p { margin: 0.4rem 0 0; color: #a9b7c9; font-size: 0.95rem; overflow-wrap: anywhere; text-wrap: balance; }
.trouble p:empty { display: none; }
.trouble .hint { color: #ffe9bd; }
.several .trouble { padding: 0.5rem 0.8rem; }
.several .trouble b { font-size: 0.95rem; }
.several .trouble p { font-size: 0.85rem; }
[hidden] { display: none !important; }
@keyframes appear { from { opacity: 0; } }
@media (prefers-reduced-motion: reduce) { .trouble { animation: none; } }
:fullscreen.tile { background: #05080c; }
:fullscreen .frame { border-radius: 0; }
`;

/** @type {CSSStyleSheet|null} */
let sheet = null;

/** One sheet for all. @returns {CSSStyleSheet} */
export function tileStyle() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
