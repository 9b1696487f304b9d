// What lies on what, what is cut off, what stands outside of the window: a list of sentences, empty where all is well.
() => {
  const clipped = (element) => {
    let box = element.getBoundingClientRect();
    let [l, t, r, b] = [box.left, box.top, box.right, box.bottom];
    for (let up = element.parentElement; up; up = up.parentElement) {
      if (getComputedStyle(up).overflow === 'visible' && up !== document.body) continue;
      box = up.getBoundingClientRect();
      [l, t, r, b] = [Math.max(l, box.left), Math.max(t, box.top), Math.min(r, box.right), Math.min(b, box.bottom)];
    }
    return [l, t, Math.min(r, innerWidth), Math.min(b, innerHeight)];
  };
  const wanted = 'button, input, h1, h2, h3, dt, dd, summary, canvas, output, .state, .camera, .since, .reason, .shown-word,'
    + ' .shown-at, .sync-line, .path, .tile-name, .tile-grade, .quiet, .empty, .bar, .legend li';
  const all = [...document.querySelectorAll(wanted)].filter((e) => e.checkVisibility({ opacityProperty: true }));
  const boxes = all.map((e) => [e, ...clipped(e)]).filter(([, l, t, r, b]) => r - l > 2 && b - t > 2);
  const name = (e) => `${e.localName}#${e.id}.${e.className} "${e.textContent.slice(0, 30)}"`;
  const found = [];
  boxes.forEach(([a, al, at, ar, ab], i) => boxes.slice(i + 1).forEach(([b, bl, bt, br, bb]) => {
    if (a.contains(b) || b.contains(a) || a.closest('.finder, .target > header') || b.closest('.finder, .target > header')) return;
    if (Math.min(ar, br) - Math.max(al, bl) > 1 && Math.min(ab, bb) - Math.max(at, bt) > 1) found.push(`${name(a)} on ${name(b)}`);
  }));
  for (const e of document.querySelectorAll('button, h1, h2, h3, dt, dd, .state b, .sync-line, .shown-at, .tile-grade')) {
    if (!e.checkVisibility() || e.closest('.event')) continue;
    if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline') found.push(`cut: ${name(e)}`);
    const box = e.getBoundingClientRect();
    if (box.width && (box.left < -1 || box.right > innerWidth + 1)) found.push(`outside: ${name(e)}`);
  }
  for (const e of document.querySelectorAll('.card dt, .card dd, .card p:not(.spoken), .card h2')) {
    if (!e.checkVisibility()) continue;
    const [own, card] = [e.getBoundingClientRect(), e.closest('.card').getBoundingClientRect()];
    if (own.right > card.right - 6 || own.left < card.left + 6) found.push(`at the edge of its card: ${name(e)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push(`scrolls to ${document.documentElement.scrollWidth}`);
  return found;
}
