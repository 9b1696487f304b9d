// @ts-check
/** Questions to the server about the documents that Shapes came from, each with its answer. */

import * as wire from './wire.js';

/** @typedef {import('./wire.js').Inspected} Inspected */

const WITHIN = 8000; // ms that the server may take to find a document

export class Inquiries {
  /** @param {(text: string) => boolean} send */
  constructor(send) {
    this._send = send;
    /** @type {{n: number, subject: string, done: (answer: Inspected) => void}[]} */
    this._open = [];
  }

  /** Not found where the server does not answer. A name that it would not read is left out: the document is asked for.
   * @param {number} n @param {string} name @returns {Promise<Inspected>} */
  ask(n, name) {
    const subject = isReadable(n, name) ? name : '';
    return new Promise((done) => {
      this._open.push({ n, subject, done });
      const none = notFound(n, subject);
      if (!this._send(wire.inspect(n, subject))) this.answer(none);
      else setTimeout(() => this.answer(none), WITHIN);
    });
  }

  /** @param {Inspected} answer */
  answer(answer) {
    const subject = answer.subject ?? '';
    const of = (/** @type {{n: number, subject: string}} */ one) => one.n === answer.n && one.subject === subject;
    const whole = { ...answer, subject, found: answer.found ?? true };
    for (const inquiry of this._open.filter(of)) inquiry.done(whole);
    this._open = this._open.filter((one) => !of(one));
  }

  /** The server is gone. */
  giveUp() {
    for (const { n, subject, done } of this._open.splice(0)) done(notFound(n, subject));
  }
}

/** Devices may call their targets anything. @param {number} n @param {string} subject */
function isReadable(n, subject) {
  return subject.isWellFormed() && new TextEncoder().encode(wire.inspect(n, subject)).length <= wire.MOST_ASKED;
}

/** @param {number} n @param {string} subject @returns {Inspected} */
function notFound(n, subject) {
  return { type: 'inspected', n, subject, found: false };
}
