// SPDX-License-Identifier: BSD-2-Clause
/**
 * JSON Lines: a record in a line, as `schema/trace/plain.ts` has it, and with it the anomalies kept for it. Nothing of the
 * record is lost; 64-bit words are `0x…` strings.
 */
import { toPlain, type PlainRecord } from '../../schema/trace/plain.ts';
import type { TrapRecord } from '../../schema/trace/trap-record.ts';
import { ByteBuffer } from './byte-buffer.ts';
import { PIECE_BYTES, type Encoder } from './encoder.ts';
import type { RunNames } from './run-names.ts';
import type { KeptAnomaly } from './run-source.ts';

/** One line. */
export type JsonLine = PlainRecord & {
  readonly anomalies: readonly Pick<KeptAnomaly, 'id' | 'rule' | 'severity' | 'thread' | 'method' | 'detail' | 'fingerprint'>[];
};

export class JsonlEncoder implements Encoder {
  private readonly out = new ByteBuffer();
  private readonly names: RunNames;

  constructor(names: RunNames) {
    this.names = names;
  }

  get full(): boolean {
    return this.out.length >= PIECE_BYTES;
  }

  record(record: TrapRecord, anomalies: readonly KeptAnomaly[]): void {
    const line: JsonLine = {
      ...toPlain(record, this.names),
      anomalies: anomalies.map(({ id, rule, severity, thread, method, detail, fingerprint }) => ({ id, rule, severity, thread, method, detail, fingerprint })),
    };
    this.out.text(JSON.stringify(line));
    this.out.text('\n');
  }

  take(): Uint8Array {
    return this.out.take();
  }

  end(): void {
    // A line is complete in itself.
  }
}
