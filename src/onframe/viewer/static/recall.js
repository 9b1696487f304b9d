// @ts-check
/** Some pictures of a run of access units, by a decoder of their own. */

/**
 * Decodes a run, which begins with a key picture, and keeps the pictures with the wanted timestamps.
 * @param {string} codec @param {import('./wire.js').Unit[]} run in the order they are decoded in
 * @param {Set<number>} wanted
 * @returns {Promise<Map<number, ImageBitmap>>} what was decoded of it; the taker closes them
 */
export async function decodeSome(codec, run, wanted) {
  /** @type {Map<number, ImageBitmap>} */
  const found = new Map();
  /** @type {Promise<void>[]} */
  const kept = [];
  const decoder = new VideoDecoder({
    output: (frame) => {
      const pts = Math.round(frame.timestamp * 0.09);
      if (!wanted.has(pts)) return frame.close();
      // A copy: hardware has a handful of pictures, and waits for those that are not given back.
      const copied = createImageBitmap(frame).then((image) => void found.set(pts, image));
      kept.push(copied.catch(() => undefined).finally(() => frame.close()));
    },
    error: () => undefined, // flush is rejected with it
  });
  try {
    decoder.configure({ codec });
    for (const unit of run) {
      const type = unit.key ? 'key' : 'delta';
      decoder.decode(new EncodedVideoChunk({ type, timestamp: Math.round(unit.pts / 0.09), data: unit.data }));
    }
    await decoder.flush();
  } catch {
    // what was decoded until then is found, the rest is not
  }
  await Promise.all(kept);
  if (decoder.state !== 'closed') decoder.close();
  return found;
}
