// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { FindingQuery } from '../../schema/api/index.ts';
import { classicRecord, lateReplyRecord, sampleRecord, shortReplyRecord } from '../testing/sample-records.ts';
import { StoredRuns } from '../testing/stored-runs.ts';

const K05 = 'K05/RISCVPageGetAddress/Call/replied/rw';

/** Two releases and a real kernel with a short reply, a late reply in one of them, and a clean release. */
function history(): StoredRuns {
  const runs = new StoredRuns();
  runs.add({ id: 'old', release: '12.1.0', tags: ['nightly'] }, [shortReplyRecord(1), sampleRecord(2), sampleRecord(3), sampleRecord(4), lateReplyRecord(5)], 1000);
  runs.add({ id: 'older', release: '9.0.1', configuration: 'riscv64-classic' }, [classicRecord(sampleRecord(1))], 1500);
  runs.add({ id: 'real', release: '', kernel: 'image', kernelVersion: 'kernel.elf 0123' }, [shortReplyRecord(1), shortReplyRecord(2)], 2000);
  runs.add({ id: 'new', release: '14.0.0', tags: [] }, [sampleRecord(1), sampleRecord(2), sampleRecord(3)], 3000);
  return runs;
}

function rulesOf(runs: StoredRuns, query: FindingQuery): string[] {
  return runs.reader.findings(query).findings.map(({ rule }) => rule);
}

describe('findings', () => {
  it('say where they were seen, and where not', () => {
    const { findings, next } = history().reader.findings({ rule: 'K05' });
    expect(next).toBeNull();
    expect(findings).toEqual([expect.objectContaining({
      fingerprint: K05, count: 3, runs: 2,
      kernels: [{ name: 'image kernel.elf 0123', runs: 1, count: 2 }, { name: 'model 13.0.0', runs: 1, count: 1 }],
      releases: [{ name: '12.1.0', runs: 1, count: 1 }, { name: '', runs: 1, count: 2 }],
      configurations: [{ name: 'riscv64-mcs', runs: 2, count: 3 }],
      notIn: [{ release: '9.0.1', configuration: 'riscv64-classic', runs: 1, records: 1 }, { release: '14.0.0', configuration: 'riscv64-mcs', runs: 1, records: 2 }],
    })]);
  });

  it.each<[FindingQuery, string[]]>([
    [{}, ['K05', 'N02', 'N03']], [{ rule: 'N02' }, ['N02']], [{ method: 'RISCVPageGetAddress', rule: 'K05' }, ['K05']], [{ method: 'TCBResume', rule: 'K05' }, []],
    [{ severity: 'info' }, []], [{ state: 'open' }, ['K05', 'N02', 'N03']], [{ state: 'fixed,regressed' }, []], [{ state: 'fixed,open' }, ['K05', 'N02', 'N03']],
    [{ release: '12.1.0' }, ['K05', 'N02', 'N03']], [{ release: '14.0.0' }, []], [{ kernel: 'image' }, ['K05']], [{ configuration: 'riscv64-classic' }, []],
    [{ tag: 'nightly' }, ['K05', 'N02', 'N03']], [{ tag: 'sample' }, ['K05']], [{ run: 'real' }, ['K05']], [{ run: 'latest' }, []],
    [{ kernel: 'image', release: '12.1.0' }, []],
  ])('%j', (query, expected) => {
    expect(rulesOf(history(), query)).toEqual(expected);
  });

  it('come in pages', () => {
    const runs = history();
    const first = runs.reader.findings({ limit: 1 });
    expect([first.findings.length, first.next]).toEqual([1, K05]);
    expect(runs.reader.findings({ limit: 2, after: first.next! })).toMatchObject({ findings: [{ rule: 'N02' }, { rule: 'N03' }], next: null });
  });

  it('give a record to look at, of a run that still has its records', () => {
    const runs = history();
    expect(runs.reader.finding(K05)).toMatchObject({
      occurrences: [{ run: 'real', count: 2, firstSeq: 1, lastSeq: 2, recordsKept: true }, { run: 'old', count: 1 }],
      example: { run: 'real', seq: 1, href: '/api/runs/real/records/1' },
    });
    runs.db.prepare('UPDATE run SET records_dropped_at = 5 WHERE name = ?').run('real');
    expect(runs.reader.finding(K05).example).toMatchObject({ run: 'old' });
    runs.db.exec('UPDATE run SET records_dropped_at = 5');
    expect(runs.reader.finding(K05).example).toBeNull();
  });

  it('of an unknown run or fingerprint are an error', () => {
    const runs = history();
    expect(() => runs.reader.findings({ run: 'none' })).toThrow(/no run none/);
    expect(() => runs.reader.finding('K05')).toThrow(/no finding K05/);
  });

  it('show their state in the groups of a run', () => {
    const runs = history();
    runs.administration.decide(K05, { state: 'acknowledged', reason: 'seL4#846' });
    expect(runs.reader.run('old').anomalies.map(({ rule, state, reason }) => [rule, state, reason])).toEqual([['K05', 'acknowledged', 'seL4#846'], ['N02', 'open', ''], ['N03', 'open', '']]);
  });
});
