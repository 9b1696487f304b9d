// @ts-check
/** The WebSocket to the server: reads messages, connects again when it is lost. */

import { parseAccessUnit, parseMessage } from './wire.js';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const REFUSED = 'the server was started anew and does not know this page: open the address that it printed';

/**
 * @typedef {object} Listener
 * @property {(message: import('./wire.js').ServerMessage) => void} onMessage
 * @property {(unit: import('./wire.js').AccessUnit) => void} onAccessUnit
 * @property {(connected: boolean, why: string) => void} onConnection
 * @property {(error: string) => void} onError
 */

export class Feed {
  /** @param {string} url @param {Listener} listener */
  constructor(url, listener) {
    this.url = url;
    this.listener = listener;
    this._pause = FIRST_PAUSE;
    /** @type {WebSocket|null} */
    this._socket = null;
    this._opened = false;
    this._connect();
  }

  /** @param {string} text */
  send(text) {
    if (this._socket?.readyState === WebSocket.OPEN) this._socket.send(text);
  }

  _connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    this._opened = false;
    socket.onopen = () => {
      this._opened = true;
      this._pause = FIRST_PAUSE;
      this.listener.onConnection(true, '');
    };
    socket.onmessage = (event) => this._read(event.data);
    socket.onclose = (event) => this._closed(event.reason);
    this._socket = socket;
  }

  /** @param {string|ArrayBuffer} data */
  _read(data) {
    if (typeof data !== 'string') {
      const unit = parseAccessUnit(data);
      if (unit) this.listener.onAccessUnit(unit);
      return;
    }
    try {
      this.listener.onMessage(parseMessage(data));
    } catch (error) {
      this.listener.onError(`a message could not be read: ${error}`);
    }
  }

  /** @param {string} why */
  _closed(why) {
    this.listener.onConnection(false, why);
    if (!this._opened) this._askWhy();
    setTimeout(() => this._connect(), this._pause * (0.5 + Math.random() / 2));
    this._pause = Math.min(this._pause * 2, LONGEST_PAUSE);
  }

  /** A WebSocket does not say why it was refused; a request does. */
  async _askWhy() {
    const answer = await fetch('./', { method: 'HEAD', cache: 'no-store' }).catch(() => null);
    if (answer?.status === 403) this.listener.onConnection(false, REFUSED);
  }
}
