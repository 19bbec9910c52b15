// SPDX-License-Identifier: BSD-2-Clause
/** Where an export goes: a file that appears when it is complete, or standard output. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Piece } from '../export/encoder.ts';
import { OutputFile } from '../export/output.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { note } from './output.ts';
import { progress } from './progress.ts';

export interface Sink {
  readonly name: string;
  write(bytes: Uint8Array): Promise<void>;
  commit(): void;
  discard(): void;
}

export interface Progressing {
  /** Last sequence number, where that is known. */
  readonly of: number | undefined;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
}

/** `-` is standard output. Throws an OutputError. */
export function openSink(output: string, force: boolean): Sink {
  if (output === '-') return standardOutput();
  const file = new OutputFile(resolve(output), force);
  return { name: file.path, write: async (bytes) => file.write(bytes), commit: () => file.commit(), discard: () => file.discard() };
}

/** Writes all pieces and keeps the result, or nothing of it. */
export async function keep(sink: Sink, pieces: Iterable<Piece> | AsyncIterable<Piece>, { of, signal }: Progressing): Promise<void> {
  const shown = progress();
  let written = 0;
  try {
    for await (const { bytes, seq } of pieces) {
      await sink.write(bytes);
      written += bytes.length;
      shown.show(() => `${of === undefined ? '' : `${Math.floor((100 * seq) / Math.max(1, of))} %, `}${megabytes(written)}`);
      // Signals are heard between pieces.
      await setImmediate();
      if (signal.aborted) throw new CommandError(EXIT.interrupted, 'interrupted: nothing was kept');
    }
    sink.commit();
  } catch (error) {
    sink.discard();
    throw error;
  } finally {
    shown.clear();
  }
  note(`${sink.name}: ${megabytes(written)}`);
}

function standardOutput(): Sink {
  let failure: Error | undefined;
  const onError = (error: NodeJS.ErrnoException): void => {
    failure = error.code === 'EPIPE'
      ? new CommandError(EXIT.unreadable, 'the reader of standard output went away before the end')
      : new CommandError(EXIT.unreadable, `standard output cannot be written: ${error.message}`);
  };
  // Other commands end quietly when nobody reads; here a part of a file would be taken for the whole.
  process.stdout.removeAllListeners('error').on('error', onError);
  return {
    name: 'standard output',
    write: async (bytes) => {
      if (failure === undefined && !process.stdout.write(bytes)) await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => undefined);
      if (failure !== undefined) throw failure;
    },
    commit: () => {
      if (failure !== undefined) throw failure;
    },
    discard: () => {},
  };
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
