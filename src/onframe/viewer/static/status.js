// @ts-check
/** How the connection and the synchrony stand, in words: a name, since when, why, and what to do. Pure. */

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

/** How long, in words that need not be read again every second. @param {number} seconds */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/**
 * What is shown of a status.
 * @param {{state: string, reason: string, since: number, hint?: string}} status @param {number} now Unix ms
 */
export function inWords(status, now) {
  return {
    name: status.state.replaceAll('_', ' '),
    well: WELL.has(status.state),
    since: `for ${span((now - status.since) / 1000)}`,
    sinceLong: `since ${new Date(status.since).toLocaleString()}`,
    title: PLAIN[status.state] ?? status.state,
    reason: status.reason,
    hint: status.hint ?? '',
  };
}

/**
 * How well picture and metadata belong together; `Player.sync`.
 * @typedef {{state: string, recent: Record<string, number>, total: Record<string, number>, share: number, hold: number,
 *   p98: number, mode: string, clock: string, uncertainty: number|null, exact: boolean|null, picture: boolean,
 *   standing: number, rate: number, delay: number, late: number, orphaned: number}} Sync
 */

/** @type {Record<string, string>} */
const CLOCKS = {
  sender_report: 'sender reports',
  rtp_info: 'RTP-Info',
  shared_base: 'shared base',
  document: 'document time',
  arrival: 'arrival',
};

const FAIR = 0.9; // below this share of exact pictures it is not called good

/** By what the metadata's time is known, in words. @param {string} clock */
export function clockName(clock) {
  return CLOCKS[clock.replaceAll(' ', '_').toLowerCase()] ?? clock.replaceAll('_', ' ');
}

/** The synchrony in a word or two. @param {Sync} sync @returns {{name: string, quality: string}} */
export function headline(sync) {
  if (!sync.picture) return { name: 'No picture', quality: 'none' };
  if (sync.standing) return { name: 'Standing still', quality: 'none' };
  if (sync.exact === null) return { name: 'Waiting for metadata', quality: 'none' };
  if (!sync.exact) return { name: 'Approximate', quality: 'approximate' };
  if (sync.mode === 'live') return { name: 'Live', quality: sync.share < FAIR ? 'approximate' : 'exact' };
  return { name: 'Synced', quality: 'exact' };
}

/** What the headline rests on. @param {Sync} sync */
export function syncLine(sync) {
  if (sync.exact === null) return sync.picture ? `hold ${Math.round(sync.hold)} ms` : '';
  const clock = clockName(sync.clock);
  if (!sync.picture) return `metadata by ${clock}`;
  if (sync.standing) return `no new picture for ${span(sync.standing)}`;
  const hold = `hold ${Math.round(sync.hold)} ms`;
  if (!sync.exact) return [`${uncertainty(sync)} (${clock})`.trim(), hold].join(' · ');
  return [hold, exactShare(sync), clock].filter(Boolean).join(' · ');
}

/** The same for the strip above a tile. @param {Sync} sync @param {boolean} frozen */
export function grade(sync, frozen) {
  const { name, quality } = headline(sync);
  if (frozen) return { text: 'frozen', quality: 'frozen' };
  if (quality === 'approximate' && !sync.exact) return { text: uncertainty(sync) || 'approximate', quality };
  if (quality === 'none') return { text: name.toLowerCase(), quality };
  return { text: exactShare(sync) || name.toLowerCase(), quality: sync.share < FAIR ? 'approximate' : quality };
}

/** @param {Sync} sync */
function uncertainty(sync) {
  return sync.uncertainty === null ? '' : `±${Math.max(1, Math.round(sync.uncertainty * 1000))} ms`;
}

/** @param {Sync} sync */
function exactShare(sync) {
  return Number.isFinite(sync.share) ? `${percent(sync.share)} exact` : '';
}

/** Never rounded up to 100 %. @param {number} share */
export function percent(share) {
  return `${share < 1 ? Math.min(99, Math.floor(share * 100)) : 100} %`;
}
