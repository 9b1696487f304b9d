// @ts-check
/** What WebCodecs must be told about a stream, read from its own parameter sets. Pure. */

const SPS = 7;

/**
 * The first NAL unit of a type in an Annex B access unit, without its start code; null where there is none.
 * @param {Uint8Array} data @param {number} type
 * @returns {Uint8Array|null}
 */
export function findNal(data, type) {
  const at = placeOf(data, (first) => (first & 0x1f) === type);
  return at < 0 ? null : data.subarray(at);
}

/** Where the first NAL unit begins whose first byte is wanted; -1: nowhere.
 * @param {Uint8Array} data @param {(first: number) => boolean} wanted */
function placeOf(data, wanted) {
  for (let i = 0; i + 3 < data.length; i++) {
    if (data[i] !== 0 || data[i + 1] !== 0 || data[i + 2] !== 1) continue;
    if (wanted(data[i + 3])) return i + 3;
    i += 2;
  }
  return -1;
}

/**
 * Whether an access unit holds any part of a picture: where packets are lost, parameter sets may be all that is left of
 * one, and a decoder stops at what has none.
 * @param {string} codec as the server names it @param {Uint8Array} data Annex B
 */
export function hasSlice(codec, data) {
  if (isH265(codec)) return placeOf(data, (first) => (first & 0x7e) >> 1 < 32) >= 0;
  return placeOf(data, (first) => (first & 0x1f) >= 1 && (first & 0x1f) <= 5) >= 0;
}

/** Whether the server's name of a codec ("h265", "hvc1.…", "hev1.…") means H.265. @param {string} codec */
export function isH265(codec) {
  return /^(h265|hevc|hvc1|hev1)/i.test(codec);
}

/**
 * The codec string of RFC 6381: `avc1.` with profile, constraints and level of the SPS; null without an SPS.
 * H.265 is asked for as the server has it, else in general terms: Main profile, level 5.1.
 * @param {string} codec @param {Uint8Array} accessUnit
 * @returns {string|null}
 */
export function codecString(codec, accessUnit) {
  if (isH265(codec)) return codec.includes('.') ? codec : 'hev1.1.6.L153.B0';
  const sps = findNal(accessUnit, SPS);
  if (!sps || sps.length < 4) return null;
  return 'avc1.' + [sps[1], sps[2], sps[3]].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
