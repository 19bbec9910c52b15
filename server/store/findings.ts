// SPDX-License-Identifier: BSD-2-Clause
/**
 * Keeps table `finding`: what the ingest sees of a fingerprint, and what people decide about it.
 *
 * A person can give a finding any state but `regressed`, from any state. Only this module sets `regressed`, and only from
 * `fixed`: when an anomaly of the fingerprint comes in a run that started after the fix, unless the fix names a release
 * and the run's release is an older one. Runs without a known release count as having the fix. All other states stay as
 * they are, however often the finding is seen.
 */
import type { Database, Statement } from 'better-sqlite3';
import { compareReleases, isRelease } from '../../schema/abi/releases.ts';
import type { FindingDecision, FindingState } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import type { StoredRun } from './run-row.ts';
import type { StoredGroup } from './trace-store.ts';

interface StoredState {
  readonly state: FindingState;
  readonly reason: string;
  readonly fixedIn: string;
  readonly changedAt: number;
}

export class Findings {
  private readonly see: Statement;
  private readonly read: Statement;
  private readonly write: Statement;
  private readonly log: Statement;
  private readonly drop: Statement;

  constructor(db: Database) {
    this.see = db.prepare(`INSERT INTO finding (fingerprint, rule, severity, method, state, changed_at, first_at, last_at)
      VALUES (:fingerprint, :rule, :severity, :method, 'open', :firstAt, :firstAt, :lastAt)
      ON CONFLICT (fingerprint) DO UPDATE SET severity = excluded.severity, first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)
      RETURNING state, reason, fixed_in AS fixedIn, changed_at AS changedAt`);
    this.read = db.prepare('SELECT state, reason, fixed_in AS fixedIn, changed_at AS changedAt FROM finding WHERE fingerprint = ?');
    this.write = db.prepare('UPDATE finding SET state = ?, reason = ?, fixed_in = ?, changed_at = ? WHERE fingerprint = ?');
    this.log = db.prepare('INSERT INTO finding_change (fingerprint, state, reason, fixed_in, at) VALUES (?, ?, ?, ?, ?)');
    this.drop = db.prepare(`DELETE FROM finding WHERE fingerprint = :fingerprint
      AND NOT EXISTS (SELECT 1 FROM anomaly_group WHERE fingerprint = :fingerprint)
      AND NOT EXISTS (SELECT 1 FROM finding_change WHERE fingerprint = :fingerprint)`);
  }

  /** Takes note of anomalies of a run; a fixed finding may regress. */
  seen(run: StoredRun, { fingerprint, rule, severity, method, firstAt, lastAt }: StoredGroup): void {
    const known = this.see.get({ fingerprint, rule, severity, method, firstAt, lastAt }) as StoredState;
    if (!comesBack(run, known)) return;
    const { id, release } = run.description;
    const reason = `found again in run ${id} of ${release === '' ? 'an unknown release' : `release ${release}`}; was fixed${known.fixedIn === '' ? '' : ` in ${known.fixedIn}`}`;
    this.set(fingerprint, { state: 'regressed', reason, fixedIn: known.fixedIn, changedAt: lastAt });
  }

  /** What a person decides. Throws a RequestError for an unknown finding and for a decision without what it needs. */
  decide(fingerprint: string, decision: FindingDecision, now: number): void {
    const { state, release = '' } = decision;
    const reason = (decision.reason ?? '').trim();
    if (reason === '' && (state === 'acknowledged' || state === 'expected')) {
      throw new RequestError('bad-request', `a finding is ${state} for a reason`, 'give one: it is what the next person reads');
    }
    if (release !== '' && state !== 'fixed') throw new RequestError('bad-request', `a release goes with "fixed", not with "${state}"`);
    const known = this.read.get(fingerprint) as StoredState | undefined;
    if (known === undefined) throw new RequestError('unknown-finding', `there is no finding ${fingerprint}`, 'GET /api/findings lists them');
    if (known.state === state && known.reason === reason && known.fixedIn === release) return;
    this.set(fingerprint, { state, reason, fixedIn: release, changedAt: now });
  }

  /** Removes a finding that no run shows any more and about which nobody has decided anything. */
  forget(fingerprint: string): void {
    this.drop.run({ fingerprint });
  }

  private set(fingerprint: string, { state, reason, fixedIn, changedAt }: StoredState): void {
    this.write.run(state, reason, fixedIn, changedAt, fingerprint);
    this.log.run(fingerprint, state, reason, fixedIn, changedAt);
  }
}

/** Whether an anomaly in a run says that a fix did not hold. */
function comesBack({ startedAt, description: { release } }: StoredRun, { state, fixedIn, changedAt }: StoredState): boolean {
  if (state !== 'fixed' || startedAt < changedAt) return false;
  return !(isRelease(fixedIn) && isRelease(release) && compareReleases(release, fixedIn) < 0);
}
