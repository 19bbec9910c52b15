// SPDX-License-Identifier: BSD-2-Clause
import type { TrapRecord } from '../../schema/trace/trap-record.ts';
import type { KeptAnomaly, RunSource } from './run-source.ts';
import type { Selection } from './selection.ts';

/** Turns the records of a run into the bytes of one file. The constructor of each writes its head. */
export interface Encoder {
  /** The next record with the anomalies kept for it; neither is held afterwards. */
  record(record: TrapRecord, anomalies: readonly KeptAnomaly[]): void;
  /** Whether enough is buffered to be worth taking. */
  readonly full: boolean;
  /** The bytes so far; nothing is buffered afterwards. */
  take(): Uint8Array;
  /** Nothing follows: buffers the rest. */
  end(): void;
}

/** A piece of a file. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Last sequence number that is in it or was passed over. */
  readonly seq: number;
}

/** Bytes that are buffered before they are handed over. */
export const PIECE_BYTES = 1 << 18;
/** Records that are looked at before a piece is handed over, however few are in it: who waits for it can tell how far it is, and break off. */
const PIECE_RECORDS = 1 << 17;

/** The file, piece by piece: nothing is read before the piece before was taken. */
export function* encode(source: Pick<RunSource, 'records'>, selection: Selection, encoder: Encoder): Generator<Piece> {
  const visit = (record: TrapRecord, anomalies: readonly KeptAnomaly[]): boolean => {
    encoder.record(record, anomalies);
    return encoder.full;
  };
  let seq = 0;
  let handedOver = selection.from ?? 1;
  for (seq of source.records(selection, visit)) {
    if (!encoder.full && seq - handedOver < PIECE_RECORDS) continue;
    yield { bytes: encoder.take(), seq };
    handedOver = seq;
  }
  encoder.end();
  yield { bytes: encoder.take(), seq };
}
