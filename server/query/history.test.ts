// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { HistoryLine } from '../../schema/api/index.ts';
import { classicRecord, sampleRecord, shortReplyRecord } from '../testing/sample-records.ts';
import { StoredRuns } from '../testing/stored-runs.ts';

const QUERY = { rule: 'K05', method: 'RISCVPageGetAddress' };

/** One run for each release: `!` in front of those that show the short reply. */
function tested(releases: readonly string[], description: object = {}, runs = new StoredRuns()): StoredRuns {
  releases.forEach((release, i) => {
    const bad = release.startsWith('!');
    const records = [sampleRecord(1), bad ? shortReplyRecord(2) : sampleRecord(2)];
    const classic = 'configuration' in description;
    runs.add({ id: `${JSON.stringify(description).length}-${i}`, ...description, release: release.replace('!', '') }, classic ? records.map(classicRecord) : records, 1000);
  });
  return runs;
}

function line(runs: StoredRuns): HistoryLine {
  return runs.reader.history(QUERY).lines[0]!;
}

describe('the history of a rule at a method', () => {
  it('says which release mended it, in the order of releases, and what was not tested', () => {
    const { releases, turns } = line(tested(['14.0.0', '!9.0.1', '!12.1.0', '16.0.0', '!11.0.0'], { configuration: 'riscv64-classic' }));
    expect(releases.map(({ release, verdict }) => `${release} ${verdict}`)).toEqual([
      '9.0.1 bad', '10.0.0 untested', '10.1.0 untested', '10.1.1 untested', '11.0.0 bad', '12.0.0 untested', '12.1.0 bad', '13.0.0 untested', '14.0.0 good', '15.0.0 untested', '16.0.0 good',
    ]);
    expect(turns).toEqual([{ kind: 'mended', release: '14.0.0', after: '12.1.0', untested: ['13.0.0'] }]);
  });

  it('says which release broke it, and when it was mended again', () => {
    expect(line(tested(['11.0.0', '!12.0.0', '!12.1.0', '13.0.0', '!14.0.0'])).turns).toEqual([
      { kind: 'broke', release: '12.0.0', after: '11.0.0', untested: [] },
      { kind: 'mended', release: '13.0.0', after: '12.1.0', untested: [] },
      { kind: 'broke', release: '14.0.0', after: '13.0.0', untested: [] },
    ]);
  });

  it('has no turn where all agree, and none against runs of no known release', () => {
    const { releases, turns } = line(tested(['12.1.0', '13.0.0', '!', '!master']));
    expect(turns).toEqual([]);
    expect(releases.map(({ release, verdict }) => [release, verdict])).toEqual([['12.1.0', 'good'], ['13.0.0', 'good'], ['', 'bad'], ['master', 'bad']]);
  });

  it('counts runs, records and anomalies of a release, and gives a record that shows it', () => {
    const runs = tested(['!12.1.0', '12.1.0', '!12.1.0']);
    runs.db.prepare("UPDATE run SET rules = '0' WHERE id = 1").run();
    expect(line(runs).releases).toEqual([{
      release: '12.1.0', verdict: 'bad', runs: 3, badRuns: 2, records: 5, count: 2, outdated: 1, example: { run: '2-2', seq: 2 },
    }]);
  });

  it('keeps kernels and configurations apart', () => {
    const runs = tested(['!12.1.0', '13.0.0']);
    tested(['12.1.0'], { configuration: 'riscv64-classic' }, runs);
    tested(['!13.0.0'], { kernel: 'image' }, runs);
    expect(runs.reader.history(QUERY).lines.map(({ kernel, configuration, releases, turns }) => [kernel, configuration, releases.map(({ verdict }) => verdict), turns.length])).toEqual([
      ['model', 'riscv64-mcs', ['bad', 'good'], 1], ['model', 'riscv64-classic', ['good'], 0], ['image', 'riscv64-mcs', ['bad'], 0],
    ]);
  });

  it('of what nobody did is empty; of what does not exist, an error', () => {
    const { reader } = new StoredRuns();
    expect(reader.history({ rule: 'K05', method: 'SchedContextConsumed' })).toEqual({ rule: 'K05', title: expect.any(String) as string, method: 'SchedContextConsumed', lines: [] });
    expect(reader.history({ rule: 'K05', method: 'ReplyRecv' }).lines).toEqual([]);
    expect(() => reader.history({ rule: 'K05', method: 'Nonsense' })).toThrow(/no method "Nonsense"/);
    expect(() => reader.history({ rule: 'X99', method: 'TCBResume' })).toThrow(/no rule X99/);
  });
});
