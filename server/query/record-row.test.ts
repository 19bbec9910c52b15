// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { interfacesOf } from '../../schema/idl/load.ts';
import { BatchBuilder, BatchScan } from '../../schema/trace/batch.ts';
import { randomRecord } from '../../schema/trace/random-record.ts';
import { seeded } from '../../schema/trace/testing/seeded.ts';
import type { TrapRecord } from '../../schema/trace/trap-record.ts';
import { BatchRows, recordRow } from './record-row.ts';

const interfaces = interfacesOf('riscv64-mcs');

it('the rows of a batch are those of its records', () => {
  fc.assert(fc.property(fc.nat(), (seed) => {
    const below = seeded(seed);
    const records: TrapRecord[] = [];
    const builder = new BatchBuilder(100);
    for (let seq = 100; seq < 110; seq++) {
      const record = randomRecord(below, seq, records.at(-1)?.exitTime ?? 0);
      // Many deliveries to the invoker itself, and labels that have a method.
      for (let i = 0; i < record.deliveryCount; i++) if (below(2) === 0) record.deliveries[i]!.thread = record.thread;
      record.method = below(80);
      records.push(record);
      builder.append(record);
    }
    const rows = new BatchRows(new BatchScan(builder.finish()), interfaces);
    expect(records.map((_, index) => rows.at(index))).toEqual(records.map((record) => recordRow(record, interfaces, 0)));
  }));
});
