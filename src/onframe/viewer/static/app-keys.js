// @ts-check
/** Which key does what. Pure. */

/** @type {Record<string, string>} */
const ACTIONS = {
  ' ': 'freeze',
  ArrowLeft: 'back',
  ArrowRight: 'forward',
  s: 'snapshot',
  f: 'fullScreen',
  F: 'fullScreenPage',
  l: 'layers',
  p: 'faces',
  e: 'events',
  t: 'target',
  d: 'details',
  c: 'coordinates',
  b: 'panel',
  m: 'theme',
  '?': 'help',
  '/': 'search',
  Escape: 'escape',
};
const TYPED = new Set(['INPUT', 'TEXTAREA', 'SELECT']);
const PRESSED = new Set(['BUTTON', 'SUMMARY', 'A']);

/**
 * What a key asks for; empty where it is none of ours, or belongs to what has the focus.
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean}} event
 * @param {{tag: string, type?: string}} focused
 * @returns {string} an action, or "tile 0" to "tile 8"
 */
export function actionOf(event, focused) {
  if (event.ctrlKey || event.metaKey || event.altKey) return '';
  if (event.key === 'Escape') return 'escape';
  if (TYPED.has(focused.tag) && focused.type !== 'checkbox') return '';
  if (event.key === ' ' && (PRESSED.has(focused.tag) || focused.type === 'checkbox')) return '';
  if (/^[1-9]$/.test(event.key)) return `tile ${Number(event.key) - 1}`;
  const key = event.key.length === 1 && event.key !== 'F' ? event.key.toLowerCase() : event.key;
  return Object.hasOwn(ACTIONS, key) ? ACTIONS[key] : '';
}
