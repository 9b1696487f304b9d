// @ts-check
/** The list of events without a page: what is one occurrence, what is found, what is forgotten. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { EventLog, belongs, matches } from '../../../src/onframe/viewer/static/events.js';
import { pretty } from '../../../src/onframe/viewer/static/inspector.js';
import { grade, headline, percent, span, syncLine } from '../../../src/onframe/viewer/static/status.js';

/** @param {string} title @param {Partial<import('../../../src/onframe/viewer/static/events.js').Event>} [more]
 * @returns {import('../../../src/onframe/viewer/static/events.js').Event} */
const event = (title, more = {}) => ({ key: title, level: 'info', title, text: '', color: '#ffffff', ...more });
const plate = (/** @type {string} */ text) => event(text, { key: `plate/${text}`, text: 'red saloon car', ink: '#000000' });
const crossing = event('line crossing', { key: 'behaviorAnalysis/target/12/line crossing', level: 'alarm', text: 'human 12' });
const intrusion = event('intrusion', { key: 'behaviorAnalysis/target/12/intrusion', level: 'alarm', text: 'human 12' });
const told = (/** @type {any} */ one, camera = 'gate') => ({ event: one, camera, name: `camera ${camera}`, pts: 0, at: 0 });

test('an occurrence that goes on is one entry, four seconds of silence end it', () => {
  const log = new EventLog();
  assert.ok(log.add(told(crossing), 0));
  for (const now of [1000, 4000, 7999]) assert.equal(log.add(told(crossing), now), null);
  assert.equal(log.entries[0].times, 4);
  assert.ok(log.add(told(crossing), 7999 + EventLog.SAME), 'it has begun anew');
  assert.equal(log.entries.length, 2);
});

test('the same at two cameras is two occurrences', () => {
  const log = new EventLog();
  assert.ok(log.add(told(crossing, 'gate'), 0));
  assert.ok(log.add(told(crossing, 'hall'), 0));
});

test('what is not kept is found by nobody, and may come again', () => {
  const log = new EventLog();
  for (let i = 0; i < EventLog.MOST + 40; i++) log.add(told(plate(`ONF ${i}`)), i);
  assert.equal(log.entries.length, EventLog.MOST);
  assert.equal(log.find('plate', 'ONF 39').filter(({ event: one }) => one.title === 'ONF 39').length, 0);
  assert.equal(log.find('all', '')[0].event.title, `ONF ${EventLog.MOST + 39}`, 'the newest is the first');
  assert.ok(log.add(told(plate('ONF 3')), 600));
});

test('filters: a crossing in alarm is both', () => {
  const filters = /** @type {const} */ (['all', 'plate', 'crossing', 'alarm']);
  const of = (/** @type {any} */ one) => filters.filter((filter) => belongs(one, filter));
  assert.deepEqual(of(plate('ONF 1')), ['all', 'plate']);
  assert.deepEqual(of(crossing), ['all', 'crossing', 'alarm']);
  assert.deepEqual(of(intrusion), ['all', 'alarm']);
  const log = new EventLog();
  for (const one of [plate('ONF 1'), crossing, intrusion]) log.add(told(one), 0);
  assert.deepEqual(log.counts(), { all: 3, plate: 1, crossing: 1, alarm: 2 });
});

test('a plate is found however it is typed', () => {
  const log = new EventLog();
  const entry = log.add(told(plate('ONF 9117')), 0);
  assert.ok(entry);
  for (const typed of ['', ' ', 'ONF 9117', 'onf9117', '9117', 'f 91', 'onf-9117', 'red onf', 'gate saloon']) {
    assert.ok(matches(entry, typed), typed);
  }
  for (const typed of ['ONF 9118', 'onf blue', 'hall']) assert.ok(!matches(entry, typed), typed);
});

test('letters of any script are compared', () => {
  const log = new EventLog();
  const entry = log.add(told(plate('京A·12345')), 0);
  assert.ok(entry && matches(entry, '京a12345') && !matches(entry, '沪A'));
});

test('the share of exact pictures is never rounded up to all of them', () => {
  assert.deepEqual([1, 0.9999, 0.995, 0.5, 0].map(percent), ['100 %', '99 %', '99 %', '50 %', '0 %']);
});

test('spans of time in two units at most', () => {
  assert.deepEqual([-1, 0, 59.9, 60, 3599, 3600, 7530, 86_400 * 2 + 3600].map(span), [
    '0 s', '0 s', '59 s', '1 min 0 s', '59 min 59 s', '1 h 0 min', '2 h 5 min', '2 d 1 h',
  ]);
});

/** @type {import('../../../src/onframe/viewer/static/status.js').Sync} */
const SYNC = {
  state: 'exact', recent: {}, total: {}, share: 1, hold: 180.4, p98: 100, mode: 'synced', clock: 'sender_report', uncertainty: null,
  exact: true, picture: true, standing: 0, rate: 25, delay: 190, late: 0, orphaned: 0,
};

test('the synchrony in words, by the best that is known', () => {
  assert.deepEqual([headline(SYNC).name, syncLine(SYNC)], ['Synced', 'hold 180 ms · 100 % exact · sender reports']);
  const rough = { ...SYNC, exact: false, clock: 'document', uncertainty: 0.0502 };
  assert.deepEqual([headline(rough).name, syncLine(rough)], ['Approximate', '±50 ms (document time) · hold 180 ms']);
  assert.deepEqual(grade(rough, false), { text: '±50 ms', quality: 'approximate' });
  const still = { ...SYNC, standing: 65 };
  assert.deepEqual([headline(still).name, syncLine(still)], ['Standing still', 'no new picture for 1 min 5 s']);
  const blind = { ...SYNC, picture: false, clock: 'arrival' };
  assert.deepEqual([headline(blind).name, syncLine(blind)], ['No picture', 'metadata by arrival']);
  assert.equal(headline({ ...SYNC, exact: null }).name, 'Waiting for metadata');
  assert.equal(syncLine({ ...SYNC, clock: 'rtp_info' }), 'hold 180 ms · 100 % exact · RTP-Info');
  assert.deepEqual(grade({ ...SYNC, share: 0.28 }, false), { text: '28 % exact', quality: 'approximate' });
  assert.deepEqual(grade(SYNC, true), { text: 'frozen', quality: 'frozen' });
});

test('documents are indented, and left as they are where they cannot be read', () => {
  assert.equal(pretty('{"a":[1,{"b":2}]}', 'json'), '{\n  "a": [\n    1,\n    {\n      "b": 2\n    }\n  ]\n}');
  assert.equal(pretty('{"a":', 'json'), '{"a":');
  const xml = '<?xml version="1.0"?><A x="1"><B>2</B><C/><D><E>3</E></D></A>';
  assert.equal(pretty(xml, 'xml'), '<?xml version="1.0"?>\n<A x="1">\n  <B>2</B>\n  <C/>\n  <D>\n    <E>3</E>\n  </D>\n</A>');
  assert.equal(pretty('<?xml version="1.0"?>\n<A><B>2</B><C/></A>', 'xml').split('\n').length, 5);
  assert.equal(pretty('<A>\n <B/>\n</A>', 'xml'), '<A>\n <B/>\n</A>', 'it is indented already');
  assert.equal(pretty('</A></A><', 'xml'), '</A>\n</A>\n<');
});
