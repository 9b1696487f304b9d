// @ts-check
/** Making elements. All text goes in as text, never as markup. */

import { icon } from './icons.js';

/**
 * An element with its class, attributes (false and null are left out) and children; a string is a text.
 * @param {string} tag @param {string} [className] @param {Record<string, string|number|boolean|null>} [attributes]
 * @param {...(Node|string)} children @returns {HTMLElement}
 */
export function make(tag, className = '', attributes = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * A button with an icon, a text or both; without a text the title names it.
 * @param {{icon?: string, text?: string, title?: string, id?: string, className?: string, pressed?: boolean}} options
 * @param {(event: MouseEvent) => void} act @returns {HTMLButtonElement}
 */
export function button(options, act) {
  const attributes = {
    type: 'button',
    id: options.id ?? null,
    title: options.title ?? null,
    'aria-label': options.title && !options.text ? options.title : null,
    'aria-pressed': options.pressed === undefined ? null : String(options.pressed),
  };
  const made = /** @type {HTMLButtonElement} */ (make('button', options.className ?? '', attributes));
  if (options.icon) made.append(icon(options.icon));
  if (options.text) made.append(make('span', '', {}, options.text));
  made.addEventListener('click', act);
  return made;
}

/** Writes only what differs: the screen reader and the layout are left in peace.
 * @param {Element|null|undefined} target @param {string} text */
export function put(target, text) {
  if (target && target.textContent !== text) target.textContent = text;
}

/** @param {Element} target @param {string} name @param {string} value */
export function set(target, name, value) {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

const LONGEST = 120; // characters of an identifier that is shown
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** An identifier fit to be shown: those stay as a device sent them, for the server to know them again.
 * @param {string} text */
export function shownId(text) {
  return (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text).replace(INVISIBLE, '\ufffd');
}

/** A colour of ours, or nothing: what comes over the wire is never a style of its own. @param {unknown} color */
export function safeColor(color) {
  return typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color) ? color : '';
}

/**
 * The rows of a description list, changed where they differ: name, value, and a class of the name.
 * @param {Element} list @param {[string, string|number, string?][]} pairs
 */
export function pairs(list, pairs) {
  while (list.children.length > 2 * pairs.length) list.lastElementChild?.remove();
  while (list.children.length < 2 * pairs.length) list.append(make(list.children.length % 2 ? 'dd' : 'dt'));
  pairs.forEach(([name, value, className], i) => {
    put(list.children[2 * i], name);
    put(list.children[2 * i + 1], String(value));
    if (className) set(list.children[2 * i], 'class', className);
  });
}

/**
 * One of several: buttons of which one is pressed, as a radio group with arrow keys.
 * @param {string} label @param {[string, string, string?][]} choices value, text, and the name of an icon in its place
 * @param {(value: string) => void} chosen
 */
export function choice(label, choices, chosen) {
  const group = make('div', 'choice', { role: 'radiogroup', 'aria-label': label });
  const buttons = choices.map(([value, text, name]) => {
    const one = button({ text: name ? '' : text, icon: name, title: name ? text : undefined }, () => chosen(value));
    one.setAttribute('role', 'radio');
    one.dataset.value = value;
    group.append(one);
    return one;
  });
  group.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    if (!step || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = buttons[(at + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
  return {
    element: group,
    /** @param {string} value */
    set(value) {
      const known = choices.some(([one]) => one === value);
      buttons.forEach((one, i) => {
        const on = one.dataset.value === value;
        set(one, 'aria-checked', String(on));
        one.tabIndex = on || (!known && i === 0) ? 0 : -1;
      });
    },
  };
}

/** "14:03:05" of an instant, in the onlooker's own time zone. @param {number} at ms @param {boolean} [fine] with ms */
export function clockTime(at, fine = false) {
  if (!Number.isFinite(at)) return '–';
  const date = new Date(at);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return fine ? `${time}.${String(date.getMilliseconds()).padStart(3, '0')}` : time;
}
