// @ts-check
/** How the connection stands: a word, since when and why; and what is counted. Pure but for the clock. */

export class Status {
  constructor() {
    this.state = 'connecting';
    this.reason = '';
    /** What the server says to do about it. */
    this.hint = '';
    /** ms since 1970 */
    this.since = Date.now();
  }

  /** @param {string} state @param {string} reason @param {string} [since] ISO 8601; now where it is none */
  set(state, reason, since = '') {
    if (state === this.state && !since) {
      this.reason = reason || this.reason;
      return;
    }
    const at = Date.parse(since);
    this.state = state;
    this.reason = reason;
    this.since = Number.isFinite(at) ? at : Date.now();
  }
}

/** What a page counts from its beginning. @param {number} hold ms */
export function countersOf(hold) {
  return {
    frames: 0, composited: 0, exact: 0, approximate: 0, interpolated: 0, held: 0, none: 0, late: 0, dropped: 0,
    hold, codec: '', path: '', errors: /** @type {string[]} */ ([]),
  };
}
