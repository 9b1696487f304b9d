// @ts-check
/**
 * How the connection stands: a word, since when and why; in plain words over the picture where it stands still.
 * All text goes in as text, never as markup.
 */

/** States in which there is nothing to say over the picture. */
const WELL = new Set(['live', 'quiet']);
/** @type {Record<string, string>} */
const PLAIN = {
  connecting: 'Connecting to the camera',
  authenticating: 'Logging in to the camera',
  stale: 'The camera has fallen silent',
  backoff: 'The camera cannot be reached; it is tried again by itself',
  auth_failed: 'The camera refuses the login; it is not tried again',
  no_track: 'This stream carries no metadata',
  stopped: 'The camera is not watched any more',
  offline: 'The Onframe server cannot be reached; it is tried again by itself',
};

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/** How long, in words that need not be read again every second. @param {number} seconds */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

export class Status {
  constructor() {
    this.state = 'connecting';
    this.reason = '';
    /** What the server says to do about it. */
    this.hint = '';
    this.since = Date.now();
    this.show();
  }

  /** @param {string} state @param {string} reason @param {string} [since] ISO 8601; now where it is none */
  set(state, reason, since = '') {
    if (state === this.state && !since) {
      this.reason = reason || this.reason;
      return this.show();
    }
    const at = Date.parse(since);
    this.state = state;
    this.reason = reason;
    this.since = Number.isFinite(at) ? at : Date.now();
    this.show();
  }

  /** Whether what is shown is what happens now. */
  get well() {
    return WELL.has(this.state);
  }

  /** Draws it; call it now and then, for the time that goes on. */
  show() {
    const pill = element('state');
    pill.dataset.state = this.state;
    put('state-name', this.state.replaceAll('_', ' '));
    put('since', `for ${span((Date.now() - this.since) / 1000)}`);
    element('since').title = `since ${new Date(this.since).toLocaleString()}`;
    put('reason', this.reason);
    element('reason').title = this.reason;
    element('trouble').hidden = this.well;
    put('trouble-title', PLAIN[this.state] ?? this.state);
    put('trouble-text', this.reason);
    put('trouble-hint', this.hint);
    document.body.classList.toggle('standing', !this.well);
  }
}

/** @param {string} id @param {string} text */
function put(id, text) {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}
