// @ts-check
/** Texts of a given width: measured, cut, wrapped. Pure but for what measures. */

/** Between the parts of a line, the more important first. */
export const PARTED = ' · ';
const MOST_PARTS = 8;
const ELLIPSIS = '…';
const MOST = 4000;
const USUAL = /^[ -~]*$/;
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** The text as it is drawn: marks of direction could make it read otherwise than it was sent. @param {string} text */
export function plain(text) {
  return USUAL.test(text) ? text : text.replace(DIRECTIONS, '').replace(CONTROLS, ' ');
}

/** Widths of texts; each is measured once. */
export class Ruler {
  /** @param {(font: string, text: string) => number} measure */
  constructor(measure) {
    this._measure = measure;
    /** @type {Map<string, number>} */
    this._known = new Map();
  }

  /** @param {string} font @param {string} text */
  width(font, text) {
    const key = `${font}\n${text}`;
    const known = this._known.get(key);
    if (known !== undefined) return known;
    if (this._known.size >= MOST) this._known.clear();
    const width = this._measure(font, text);
    this._known.set(key, width);
    return width;
  }

  /** The text, its end replaced by an ellipsis where it is wider. @param {string} font @param {string} sent @param {number} most */
  cut(font, sent, most) {
    const text = plain(sent);
    if (this.width(font, text) <= most) return text;
    const characters = [...text];
    let [low, high] = [0, characters.length]; // so many characters fit; so many do not
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const shorter = characters.slice(0, middle).join('').trimEnd() + ELLIPSIS;
      if (this._measure(font, shorter) <= most) low = middle;
      else high = middle;
    }
    return characters.slice(0, low).join('').trimEnd() + ELLIPSIS;
  }

  /** The text, as many of its parts left out at the end as make it no wider; the first is cut where it is too wide by itself.
   * @param {string} font @param {string} text @param {number} most */
  shortened(font, text, most) {
    const whole = plain(text);
    if (this.width(font, whole) <= most) return whole;
    const parts = whole.split(PARTED, MOST_PARTS);
    while (parts.length > 1 && this.width(font, parts.join(PARTED)) > most) parts.pop();
    return this.cut(font, parts.join(PARTED), most);
  }

  /** The text in lines, broken between words, at most so many. @param {string} font @param {string} text @param {number} most
   * @param {number} lines @returns {string[]} */
  wrap(font, text, most, lines) {
    const found = [];
    let line = '';
    const words = plain(text).split(' ');
    for (let i = 0; i < words.length; i++) {
      const longer = line ? `${line} ${words[i]}` : words[i];
      if (!line || this.width(font, longer) <= most) line = longer;
      else if (found.length === lines - 1) {
        line = [line, ...words.slice(i)].join(' ');
        break;
      } else {
        found.push(this.cut(font, line, most));
        line = words[i];
      }
    }
    return [...found, this.cut(font, line, most)];
  }
}
