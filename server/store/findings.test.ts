// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { DECISIONS, type FindingDecision } from '../../schema/api/index.ts';
import { batchOf, sampleRecord, shortReplyRecord } from '../testing/sample-records.ts';
import { StoredRuns } from '../testing/stored-runs.ts';

const FINGERPRINT = 'K05/RISCVPageGetAddress/Call/replied/rw';
const FAR_AHEAD = 8e15;

function stateOf({ reader }: StoredRuns): unknown[] {
  const { state, reason, fixedIn } = reader.finding(FINGERPRINT).finding;
  return [state, reason, fixedIn];
}

/** A store in which one run showed the finding, and a person decided this about it. */
function decided(decision?: FindingDecision): StoredRuns {
  const runs = new StoredRuns();
  runs.add({ id: 'first' }, [shortReplyRecord(1)], 1000);
  if (decision !== undefined) runs.administration.decide(FINGERPRINT, decision);
  return runs;
}

describe('a finding', () => {
  it('is open at first sight, and counts all that comes after', () => {
    const runs = decided();
    runs.add({ id: 'second' }, [shortReplyRecord(1), shortReplyRecord(2)], 2000);
    runs.add({ id: 'clean' }, [sampleRecord(1)], 3000);
    expect(runs.reader.finding(FINGERPRINT)).toMatchObject({
      finding: {
        state: 'open', rule: 'K05', method: 'RISCVPageGetAddress', situation: { entry: 'Call', outcome: 'replied', buffer: 'rw' }, severity: 'error',
        first: { run: 'first', seq: 1, at: '1970-01-01T00:00:01.000Z' }, last: { run: 'second', seq: 2, at: '1970-01-01T00:00:02.000Z' }, count: 3, runs: 2,
      },
      changes: [],
    });
  });

  it.each(DECISIONS.flatMap((from) => DECISIONS.map((to) => [from, to] as const)))('that is %s can become %s', (from, to) => {
    const runs = decided({ state: from, reason: 'first' });
    runs.administration.decide(FINGERPRINT, { state: to, reason: 'then' });
    expect(stateOf(runs)).toEqual([to, 'then', '']);
    expect(runs.reader.finding(FINGERPRINT).changes.map(({ state, reason }) => [state, reason])).toEqual([[to, 'then'], [from, 'first']]);
  });

  it.each(['acknowledged', 'expected'] as const)('that is %s stays so when it is seen again', (state) => {
    const runs = decided({ state, reason: ' seL4#846 ' });
    runs.add({ id: 'second' }, [shortReplyRecord(1)], FAR_AHEAD);
    expect(stateOf(runs)).toEqual([state, 'seL4#846', '']);
    expect(runs.reader.finding(FINGERPRINT).finding.last.run).toBe('second');
  });

  it('is decided once, however often the same is said', () => {
    const runs = decided({ state: 'fixed', release: '13.0.0' });
    runs.administration.decide(FINGERPRINT, { state: 'fixed', release: '13.0.0' });
    expect(runs.reader.finding(FINGERPRINT).changes).toHaveLength(1);
  });
});

describe('a fixed finding', () => {
  it.each<[what: string, fixedIn: string | undefined, release: string, startedAt: number, regresses: boolean]>([
    ['a later run of any release, when the fix names none', undefined, '9.0.1', FAR_AHEAD, true],
    ['a later run of the release of the fix', '13.0.0', '13.0.0', FAR_AHEAD, true],
    ['a later run of a newer release', '13.0.0', '14.0.0', FAR_AHEAD, true],
    ['a later run without a release', '13.0.0', '', FAR_AHEAD, true],
    ['a later run of something that is no release', '13.0.0', 'master', FAR_AHEAD, true],
    ['a later run of an older release', '13.0.0', '12.1.0', FAR_AHEAD, false],
    ['a later run of a release that is older by number, not by letters', '13.0.0', '9.0.1', FAR_AHEAD, false],
    ['a run that began before the fix', undefined, '', 1000, false],
    ['a run that began before the fix, of its release', '13.0.0', '13.0.0', 1000, false],
  ])('seen in %s', (_what, fixedIn, release, startedAt, regresses) => {
    const runs = decided({ state: 'fixed', reason: 'mended', ...(fixedIn === undefined ? {} : { release: fixedIn }) });
    runs.add({ id: 'again', release }, [sampleRecord(1), shortReplyRecord(2)], startedAt);
    const { changes } = runs.reader.finding(FINGERPRINT);
    if (!regresses) {
      expect(stateOf(runs)).toEqual(['fixed', 'mended', fixedIn ?? '']);
      expect(changes).toHaveLength(1);
      return;
    }
    const [state, reason] = stateOf(runs) as [string, string];
    expect(state).toBe('regressed');
    expect(reason).toMatch(/^found again in run again of /);
    expect(reason).toContain(release === '' ? 'an unknown release' : `release ${release}`);
    expect(changes.map((change) => change.state)).toEqual(['regressed', 'fixed']);
  });

  it('regresses once, and can be fixed again', () => {
    const runs = decided({ state: 'fixed', release: '13.0.0' });
    for (const id of ['a', 'b']) runs.add({ id, release: '14.0.0' }, [shortReplyRecord(1)], FAR_AHEAD);
    expect(runs.reader.finding(FINGERPRINT).changes.map((change) => change.state)).toEqual(['regressed', 'fixed']);
    runs.administration.decide(FINGERPRINT, { state: 'fixed', release: '15.0.0' });
    runs.add({ id: 'c', release: '14.0.0' }, [shortReplyRecord(1)], FAR_AHEAD + 1);
    expect(stateOf(runs)).toEqual(['fixed', '', '15.0.0']);
  });

  it('does not regress with records that a run from before the fix sends after it', () => {
    const runs = new StoredRuns();
    const writer = runs.add({ id: 'long' }, [shortReplyRecord(1)], 1000, 'running');
    runs.administration.decide(FINGERPRINT, { state: 'fixed' });
    runs.store.transaction(() => {
      writer.take(batchOf([shortReplyRecord(2)]), false, FAR_AHEAD);
      writer.flush(true);
    });
    expect(stateOf(runs)).toEqual(['fixed', '', '']);
    expect(runs.reader.finding(FINGERPRINT).finding.count).toBe(2);
  });
});

describe('a decision is refused', () => {
  it.each<[FindingDecision, RegExp]>([
    [{ state: 'acknowledged' }, /acknowledged for a reason/],
    [{ state: 'expected', reason: '  ' }, /expected for a reason/],
    [{ state: 'open', release: '13.0.0' }, /release goes with "fixed"/],
  ])('%j', (decision, message) => {
    const runs = decided();
    expect(() => runs.administration.decide(FINGERPRINT, decision)).toThrow(message);
    expect(stateOf(runs)).toEqual(['open', '', '']);
  });

  it('about a finding that there is not', () => {
    expect(() => decided().administration.decide('K05/other', { state: 'fixed' })).toThrow(/no finding K05\/other/);
  });
});

it('a finding is forgotten only when no run shows it and nobody has decided anything', () => {
  const runs = decided();
  runs.store.findings.forget(FINGERPRINT);
  expect(stateOf(runs)).toEqual(['open', '', '']);
  runs.db.exec('DELETE FROM anomaly_group');
  runs.administration.decide(FINGERPRINT, { state: 'acknowledged', reason: 'known' });
  runs.store.findings.forget(FINGERPRINT);
  expect(runs.reader.finding(FINGERPRINT)).toMatchObject({ finding: { count: 0, runs: 0, first: { run: null, seq: null } }, occurrences: [], example: null });
  runs.db.exec('DELETE FROM finding_change');
  runs.store.findings.forget(FINGERPRINT);
  expect(() => runs.reader.finding(FINGERPRINT)).toThrow(/no finding/);
});
