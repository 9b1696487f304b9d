// @ts-check
/** The list of events without a page: what is one occurrence, what is found, what is forgotten. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { EventLog, belongs, matches } from '../../../src/onframe/viewer/static/events.js';
import { pretty } from '../../../src/onframe/viewer/static/inspector.js';
import { placeOf } from '../../../src/onframe/viewer/static/snapshot.js';
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

/** @param {string} role @param {string} id @param {Partial<import('../../../src/onframe/viewer/static/events.js').Event>} [more] */
const crossed = (role, id, more = {}) => event('line crossing', {
  key: `behaviorAnalysis/${role}/${id}/line crossing`, subject: `behaviorAnalysis/${role}/${id}`, level: 'alarm',
  text: `${role} ${id}`, rule: role === 'rule' ? id : '', ...more,
});
const texts = (/** @type {EventLog} */ log) => log.entries.map((entry) => entry.event.text);

test('what a target and a rule tell of the same picture is one entry', () => {
  for (const order of [['rule', 'target'], ['target', 'rule']]) {
    const log = new EventLog();
    const entries = order.map((role) => log.add(told(crossed(role, role === 'rule' ? '2' : '14')), 0));
    assert.ok(entries[0] && entries[0] === entries[1], 'the second makes the first say more');
    assert.deepEqual(texts(log), ['target 14 · rule 2']);
    assert.equal(log.entries[0].event.subject, 'behaviorAnalysis/target/14', 'its target is the one that is shown');
    for (const role of order) assert.equal(log.add(told(crossed(role, role === 'rule' ? '2' : '14')), 100), null, 'both go on');
    assert.ok(log.entries.every((entry) => matches(entry, 'rule 2') && matches(entry, 'target14')));
  }
});

test('where it is not known which target met which rule, each stands by itself', () => {
  const log = new EventLog();
  for (const one of [crossed('rule', '1'), crossed('rule', '2'), crossed('target', '14')]) log.add(told(one), 0);
  assert.deepEqual(texts(log), ['rule 1', 'rule 2', 'target 14']);
});

test('other pictures, cameras, sorts and titles are other occurrences', () => {
  const log = new EventLog();
  log.add(told(crossed('rule', '2')), 0);
  const target = crossed('target', '14');
  log.add({ ...told(target), pts: 3600 }, 0);
  log.add(told(target, 'hall'), 0);
  log.add(told({ ...target, key: 'a', subject: 'radar behaviorAnalysis/target/14' }), 0);
  log.add(told({ ...target, key: 'b', title: 'intrusion' }), 0);
  log.add(told({ ...target, key: 'c', rule: '7' }), 0);
  assert.deepEqual(texts(log), ['rule 2', ...Array(5).fill('target 14')]);
});

test('a small picture shows the target, of a rule what is in alarm by it or the rule, and of a radar no stranger', () => {
  const box = (/** @type {string} */ subject, /** @type {number} */ x, alarm = false) => /** @type {any} */ ({
    shape: { t: 'box', x, y: 0, w: 0.1, h: 0.1, subject, alarm }, state: 'exact', age: 0,
  });
  const drawn = [box('personQueueTime/target/3', 0.1, true), box('behaviorAnalysis/target/14', 0.2), box('behaviorAnalysis/target/15', 0.3, true)];
  assert.equal(placeOf(drawn, crossed('target', '14'))?.x, 0.2);
  assert.equal(placeOf(drawn, crossed('rule', '2'))?.x, 0.3);
  const line = /** @type {any} */ ({ shape: { t: 'line', points: [[0.5, 0.5], [0.75, 0.5]], subject: 'behaviorAnalysis/rule/2' }, state: 'rule', age: 0 });
  assert.deepEqual(placeOf([drawn[0], line], crossed('rule', '2')), { x: 0.5, y: 0.5, w: 0.25, h: 0 });
  assert.equal(placeOf(drawn, crossed('target', '9', { key: 'radar behaviorAnalysis/target/9', subject: 'radar behaviorAnalysis/target/9' })), null);
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
