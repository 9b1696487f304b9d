// @ts-check
/** The WebSocket to the server: reads messages, connects again when it is lost, or says nothing any more. */

import { parseMessage, parseUnit } from './wire.js';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const LOOK_EVERY = 2500;
const MOST_SILENT = 5; // looks without any message; the server tells its counters every second
const REFUSED = 'the server was started anew and does not know this page: open the address that it printed';

/**
 * @typedef {object} FeedListener
 * @property {(message: import('./wire.js').ServerMessage) => void} onMessage
 * @property {(unit: import('./wire.js').Unit) => void} onUnit
 * @property {(connected: boolean, why: string) => void} onConnection
 * @property {(error: string) => void} onError
 */

/**
 * The WebSocket of the server whose page has this address; of its query the token alone is passed on.
 * @param {string} page
 * @returns {string}
 */
export function socketAddress(page) {
  const given = new URL(page);
  const address = given.pathname.endsWith('/ws') ? new URL(given) : new URL('ws', given);
  const token = given.searchParams.get('t');
  address.protocol = /^(https|wss):$/.test(given.protocol) ? 'wss:' : 'ws:';
  address.search = token ? `?t=${encodeURIComponent(token)}` : '';
  address.hash = '';
  return address.href;
}

export class Feed {
  /** @param {string} page the address of a page of the server, or of its socket @param {FeedListener} listener */
  constructor(page, listener) {
    this.url = socketAddress(page);
    this.listener = listener;
    this._pause = FIRST_PAUSE;
    /** @type {WebSocket|null} */
    this._socket = null;
    this._opened = false;
    this._closed = false;
    this._timer = 0;
    /** Looks since the last message: what is counted does not run while the page itself is kept from reading. */
    this._silent = 0;
    this._looking = setInterval(() => this._look(), LOOK_EVERY);
    this._connect();
  }

  /** Whether it was sent: not while there is no connection. @param {string} text @returns {boolean} */
  send(text) {
    if (this._socket?.readyState !== WebSocket.OPEN) return false;
    this._socket.send(text);
    return true;
  }

  close() {
    this._closed = true;
    clearTimeout(this._timer);
    clearInterval(this._looking);
    this._socket?.close();
  }

  _connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    this._opened = false;
    this._silent = 0;
    socket.onopen = () => {
      this._opened = true;
      this._pause = FIRST_PAUSE;
      if (!this._closed) this.listener.onConnection(true, '');
    };
    socket.onmessage = (event) => {
      this._silent = 0;
      this._read(event.data);
    };
    socket.onclose = (event) => this._lost(event.reason);
    this._socket = socket;
  }

  /** A connection may be dead without anybody's telling: a cable that is out, a computer that slept. */
  _look() {
    const socket = this._socket;
    if (!socket) return;
    this._silent += 1;
    if (this._silent < MOST_SILENT) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    this._socket = null;
    socket.close();
    this._lost('the server has fallen silent');
  }

  /** @param {string|ArrayBuffer} data */
  _read(data) {
    if (this._closed) return;
    if (typeof data !== 'string') {
      const unit = parseUnit(data);
      if (unit) this.listener.onUnit(unit);
      return;
    }
    try {
      this.listener.onMessage(parseMessage(data));
    } catch (error) {
      this.listener.onError(`a message could not be read: ${error}`);
    }
  }

  /** Pauses of a random length, so that the pages of a server that was started anew do not all come at once.
   * @param {string} why */
  _lost(why) {
    if (this._closed) return;
    this._socket = null;
    this.listener.onConnection(false, why);
    if (!this._opened) this._askWhy();
    this._timer = setTimeout(() => this._connect(), this._pause * Math.random());
    this._pause = Math.min(this._pause * 2, LONGEST_PAUSE);
  }

  /** A WebSocket does not say why it was refused; a request does. */
  async _askWhy() {
    const address = new URL('./', this.url.replace(/^ws/, 'http'));
    address.search = '';
    const answer = await fetch(address, { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(LONGEST_PAUSE) }).catch(() => null);
    if (answer?.status === 403 && !this._closed) this.listener.onConnection(false, REFUSED);
  }
}
