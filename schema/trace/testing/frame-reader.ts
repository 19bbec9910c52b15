// SPDX-License-Identifier: BSD-2-Clause
/** All that a service does with the bytes of a frame before it stores them. */
import { BatchBuilder, BatchError, BatchReader } from '../batch.ts';
import { TrapRecord } from '../trap-record.ts';
import { decodeClientMessage, WireError } from '../wire.ts';

/** What became of a frame; `again` is an accepted batch once more encoded. */
export type Reading = { readonly kind: 'refused'; readonly message: string } | { readonly kind: 'control' } | { readonly kind: 'batch'; readonly again: Uint8Array };

/** Throws nothing that is the frame's fault. */
export function readFrame(frame: Uint8Array): Reading {
  try {
    const message = decodeClientMessage(frame);
    if (message.kind !== 'batch') return { kind: 'control' };
    const reader = new BatchReader(message.bytes);
    const builder = new BatchBuilder(reader.firstSeq);
    const record = new TrapRecord();
    for (const subject of reader.subjects) builder.subject(subject);
    while (reader.next(record)) builder.append(record);
    return { kind: 'batch', again: builder.finish() };
  } catch (error) {
    if (error instanceof WireError || error instanceof BatchError) return { kind: 'refused', message: error.message };
    throw error;
  }
}
