// @ts-check
/** The page's icons, drawn on a grid of 24 × 24 by strokes. They are made here so that a shadow root has them too. */

const SVG = 'http://www.w3.org/2000/svg';

/** @type {Record<string, string>} */
const PATHS = {
  freeze: 'M8.5 5v14M15.5 5v14',
  play: 'M8 5.2v13.6L18.5 12z',
  back: 'M17.5 6.5v11L9.5 12zM6.5 6.5v11',
  forward: 'M6.5 6.5v11l8-5.5zM17.5 6.5v11',
  snapshot: 'M4 8.5h3.2L9 5.5h6l1.8 3H20V19H4zM12 10.3a3.2 3.2 0 1 0 .01 0z',
  hidden: 'M3 12s3.3-6 9-6 9 6 9 6-3.3 6-9 6-9-6-9-6zM12 9.5a2.5 2.5 0 1 0 .01 0zM4.5 4.5l15 15',
  axes: 'M6 4v14h14M3.5 6.5L6 4l2.5 2.5M17.5 15.5L20 18l-2.5 2.5M13 9v.01',
  layers: 'M12 4l9 4.8-9 4.8-9-4.8zM4 13.5l8 4.5 8-4.5',
  full: 'M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15',
  small: 'M9 4.5V9H4.5M15 4.5V9h4.5M15 19.5V15h4.5M9 19.5V15H4.5',
  dark: 'M19.5 14.5A8 8 0 1 1 9.5 4.5a6.5 6.5 0 0 0 10 10z',
  light: 'M12 8a4 4 0 1 0 .01 0zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4',
  auto: 'M12 4a8 8 0 1 0 .01 0zM12 4v16M12 8.5h6.5M12 12h8M12 15.5h6.5',
  help: 'M12 3.5a8.5 8.5 0 1 0 .01 0zM9.6 9.7a2.5 2.5 0 1 1 3.7 2.1c-.9.5-1.3 1-1.3 2M12 16.8v.01',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M10.8 5a5.8 5.8 0 1 0 .01 0zM15.2 15.2L20 20',
  copy: 'M9 8.5h10.5V20H9zM5 15.5H4.5V4H15v1',
  done: 'M5 12.5l4.5 4.5L19.5 7',
  panel: 'M3.5 5h17v14h-17zM14.5 5v14',
  grid0: 'M4 4.5h10v8H4zM17 4.5h3M17 8.5h3M17 12.5h3M4 16h4M10 16h4M16 16h4M4 19.5h4M10 19.5h4M16 19.5h4',
  grid1: 'M4 5h16v14H4z',
  grid4: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  grid9: 'M4 5h4v3.5H4zM10 5h4v3.5h-4zM16 5h4v3.5h-4zM4 10.5h4V14H4zM10 10.5h4V14h-4zM16 10.5h4V14h-4zM4 16h4v3.5H4zM10 16h4v3.5h-4zM16 16h4v3.5h-4z',
  left: 'M14.5 5.5L8 12l6.5 6.5',
  right: 'M9.5 5.5L16 12l-6.5 6.5',
  warning: 'M12 4.5l8.5 15h-17zM12 10v4.5M12 17v.01',
};

/** @param {string} name @returns {SVGElement} */
export function icon(name) {
  const svg = /** @type {SVGElement} */ (document.createElementNS(SVG, 'svg'));
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name] ?? '');
  svg.append(path);
  return svg;
}

/** Another icon in the place of the one that is there. @param {Element} parent @param {string} name */
export function swapIcon(parent, name) {
  const old = parent.querySelector('svg.icon');
  if (old?.getAttribute('data-name') === name) return;
  const made = icon(name);
  made.setAttribute('data-name', name);
  if (old) old.replaceWith(made);
  else parent.prepend(made);
}
