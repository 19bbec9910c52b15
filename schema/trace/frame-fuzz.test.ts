// SPDX-License-Identifier: BSD-2-Clause
/**
 * Fuzzing of the frame decoder, led by coverage: a mutated frame that reaches something new is mutated further.
 * `SEL4SCOPE_FUZZ_FRAMES` is how many frames are tried, 20,000 unless set, and `SEL4SCOPE_FUZZ_SEED` where they begin.
 */
import { describe, expect, it } from 'vitest';
import type * as frameReader from './testing/frame-reader.ts';
import { instrument } from './testing/instrumented.ts';
import { mutateFrame } from './testing/mutate-frame.ts';
import { seedFrames } from './testing/seed-frames.ts';
import { seeded } from './testing/seeded.ts';
import { encodeClientMessage } from './wire.ts';

const FRAMES = Number(process.env['SEL4SCOPE_FUZZ_FRAMES'] ?? 20_000);
const SEED = Number(process.env['SEL4SCOPE_FUZZ_SEED'] ?? 1);

/** Share of the branches of decoder and encoder that must be reached; most others are refusals of the encoder. */
const BRANCHES_REACHED = 0.8;

describe('mutated frames', () => {
  it('are refused with a reason, or read as what they say', async () => {
    const { module: { readFrame }, reachedMore, branchCoverage } = await instrument<typeof frameReader>(new URL('./testing/frame-reader.ts', import.meta.url));
    const below = seeded(SEED);
    const corpus = seedFrames('run');
    for (const frame of corpus) readFrame(frame);
    reachedMore();
    const refusals = new Set<string>();
    let accepted = 0;
    for (let i = 0; i < FRAMES; i++) {
      const frame = mutateFrame(corpus[below(corpus.length)]!, corpus[below(corpus.length)]!, below);
      const reading = report(frame, () => readFrame(frame));
      if (reachedMore()) corpus.push(frame);
      if (reading.kind === 'refused') refusals.add(reading.message.replace(/[0-9]+/g, '#'));
      if (reading.kind !== 'batch') continue;
      accepted++;
      report(frame, () => {
        const again = readFrame(encodeClientMessage({ kind: 'batch', bytes: reading.again }));
        expect(again.kind === 'batch' && Buffer.from(again.again).equals(reading.again)).toBe(true);
      });
    }
    process.stderr.write(`${FRAMES} frames: ${accepted} batches accepted, ${refusals.size} different refusals, ${corpus.length} led on, ${Math.round(100 * branchCoverage())} % of branches\n`);
    expect(accepted).toBeGreaterThan(FRAMES / 100);
    expect(branchCoverage()).toBeGreaterThan(BRANCHES_REACHED);
    expect([...refusals].filter((message) => message.length < 12)).toEqual([]);
  }, 3_600_000);
});

/** What `work` throws, with the frame that made it. */
function report<T>(frame: Uint8Array, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`frame ${Buffer.from(frame).toString('hex')}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
