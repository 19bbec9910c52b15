// SPDX-License-Identifier: BSD-2-Clause
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { tagLabel } from '../../../schema/abi/message-info.ts';
import { lanesToBigInt } from '../../../schema/abi/word.ts';
import { OUTCOMES, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { ALICE, sampleRecord } from '../../testing/sample-records.ts';
import type { FileExport } from '../export-run.ts';
import { exported, randomRecords, storedRun, type SampleOptions } from '../testing/stored-run.ts';

interface Read {
  readonly rows: Record<string, unknown>[];
  readonly groups: number;
  readonly facts: Record<string, string | undefined>;
}

async function parquetOf(records: readonly TrapRecord[], table?: FileExport['table'], options?: SampleOptions): Promise<Read> {
  const bytes = exported(storedRun(records, options).source, { format: 'parquet', table });
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const { row_groups, key_value_metadata = [] } = parquetMetadata(file);
  return { rows: await parquetReadObjects({ file }), groups: row_groups.length, facts: Object.fromEntries(key_value_metadata.map(({ key, value }) => [key, value])) };
}

describe('Parquet', () => {
  it('has any record with its words as unsigned numbers', async () => {
    const records = randomRecords(80, 31);
    const { rows, facts } = await parquetOf(records);
    expect(rows.map((row) => [row['seq'], row['time'], row['budget'], row['cptr'], row['label'], row['outcome'], row['words']])).toEqual(records.map((r) => [
      BigInt(r.seq), BigInt(r.entryTime), BigInt(r.budget), lanesToBigInt(r.cptrLo, r.cptrHi), BigInt(tagLabel(r.tagLo, r.tagHi)), OUTCOMES[r.outcome],
      Array.from({ length: r.wordCount }, (_, i) => lanesToBigInt(r.words[2 * i]!, r.words[2 * i + 1]!)),
    ]));
    expect(facts).toMatchObject({ 'sel4scope.run': 'sample-run', 'sel4scope.configuration': 'riscv64-mcs' });
  });

  it('has row groups, so that a long run is never in memory', async () => {
    const records = Array.from({ length: 17_000 }, (_, i) => sampleRecord(4 * i + 1));
    records.forEach((record, i) => { record.seq = i + 1; record.deliveries[0]!.answers = i + 1; });
    const { rows, groups } = await parquetOf(records, 'transitions', { chunk: 5000 });
    expect([rows.length, groups]).toEqual([34_000, 2]);
    expect(rows.at(-1)).toMatchObject({ seq: 17_000n, transition: 1n, from_state: 'Restart', to_state: 'Running' });
  });

  it('has the other tables too, and is a file without a row', async () => {
    const records = [sampleRecord(1), sampleRecord(2)];
    expect((await parquetOf(records, 'deliveries')).rows).toMatchObject([{ seq: 1n, answers: 1n, kind: 'reply', words: [0x8000_0001n], written_registers: 'a0 a1 a2' }]);
    expect((await parquetOf(records)).rows).toMatchObject([{ reply_label: 0n, reply_length: 1n }, { reply_label: null, reply_length: null }]);
    expect((await parquetOf(records, 'anomalies', { anomalies: [{ seq: 2, thread: ALICE }] })).rows).toMatchObject([{ rule: 'K05', thread_name: 'alice' }]);
    expect(await parquetOf([])).toMatchObject({ rows: [], groups: 0 });
  });
});
