// SPDX-License-Identifier: BSD-2-Clause
/** A run as a CTF 1.8 trace for Trace Compass and babeltrace2: a directory of a metadata file and a stream file. */
import { encode, type Piece } from '../encoder.ts';
import type { RunSource } from '../run-source.ts';
import { checkSelection, type Selection } from '../selection.ts';
import { ctfMetadata } from './metadata.ts';
import { CtfStreamEncoder } from './stream.ts';

export const METADATA_FILE = 'metadata';
export const STREAM_FILE = 'records';

/** The metadata file whole, the stream file piece by piece. */
export function exportCtf(source: RunSource, selection: Selection): { readonly metadata: string; readonly stream: Generator<Piece> } {
  checkSelection(selection);
  return { metadata: ctfMetadata(source), stream: encode(source, selection, new CtfStreamEncoder(source)) };
}
