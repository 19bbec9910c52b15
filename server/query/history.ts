// SPDX-License-Identifier: BSD-2-Clause
/** Which release broke or mended a rule at a method, from the runs of all releases. */
import type { Database } from 'better-sqlite3';
import { compareReleases, isRelease, releasesWith } from '../../schema/abi/releases.ts';
import type { HistoryLine, HistoryQuery, MethodHistory, ReleaseHistory, Turn } from '../../schema/api/index.ts';
import { BUNDLED_CONFIGURATION_NAMES } from '../../schema/idl/configuration.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { RULES, RULES_REVISION } from '../../schema/rules/catalogue.ts';
import { RequestError } from '../errors.ts';
import { activityCode } from '../store/activity.ts';

/** What SQL sums up over the runs of one kernel, configuration and release. */
interface Sums extends Omit<ReleaseHistory, 'verdict' | 'example'> {
  readonly kernel: HistoryLine['kernel'];
  readonly configuration: string;
  readonly exampleRun: string | null;
  readonly exampleSeq: number | null;
}

/** Throws a RequestError for a rule or method that does not exist. */
export function readHistory(db: Database, { rule, method }: HistoryQuery): MethodHistory {
  const info = RULES.get(rule);
  if (info === undefined) throw new RequestError('unknown-rule', `there is no rule ${rule}`, 'GET /api/rules lists them');
  const sums = db.prepare(SUMS).all({ rule, method, revision: RULES_REVISION }) as Sums[];
  if (sums.length === 0 && !isMethod(method)) {
    throw new RequestError('bad-request', `there is no method ${JSON.stringify(method)}`, 'methods have names such as SchedContextConsumed; system calls and causes of traps go as well');
  }
  const lines = new Map<string, Sums[]>();
  for (const sum of sums) {
    const key = `${sum.kernel} ${sum.configuration}`;
    lines.set(key, [...lines.get(key) ?? [], sum]);
  }
  return { rule, title: info.title, method, lines: [...lines.values()].map(lineOf) };
}

const SUMS = `WITH
  invoked AS (SELECT run, sum(records) AS records FROM method_count WHERE method = :method GROUP BY run),
  broken AS (SELECT run, sum(found) AS found, min(first_seq) AS seq FROM anomaly_group WHERE rule = :rule AND method = :method GROUP BY run),
  tested AS (
    SELECT run.id, run.kernel, run.configuration, run.release, run.rules, invoked.records, broken.found, broken.seq FROM run
    LEFT JOIN invoked ON invoked.run = run.id LEFT JOIN broken ON broken.run = run.id
    WHERE invoked.run IS NOT NULL OR broken.run IS NOT NULL),
  summed AS (
    SELECT kernel, configuration, release, count(*) AS runs, count(found) AS badRuns, coalesce(sum(records), 0) AS records,
      coalesce(sum(found), 0) AS count, sum(rules <> :revision) AS outdated, max(CASE WHEN found IS NOT NULL THEN id END) AS example
    FROM tested GROUP BY kernel, configuration, release)
  SELECT summed.kernel, summed.configuration, summed.release, runs, badRuns, summed.records, count, outdated, run.name AS exampleRun, tested.seq AS exampleSeq
  FROM summed LEFT JOIN tested ON tested.id = example LEFT JOIN run ON run.id = example
  ORDER BY summed.kernel DESC, summed.configuration DESC`;

function isMethod(name: string): boolean {
  return BUNDLED_CONFIGURATION_NAMES.some((configuration) => activityCode(name, interfacesOf(configuration)) !== undefined);
}

function lineOf(sums: readonly Sums[]): HistoryLine {
  const { kernel, configuration } = sums[0]!;
  const tested = sums.map(releaseOf);
  const known = tested.filter(({ release }) => isRelease(release)).sort((a, b) => compareReleases(a.release, b.release));
  const releases = withGaps(known, releasesOf(configuration));
  return { kernel, configuration, releases: [...releases, ...tested.filter(({ release }) => !isRelease(release))], turns: turnsOf(releases) };
}

function releaseOf({ release, runs, badRuns, records, count, outdated, exampleRun, exampleSeq }: Sums): ReleaseHistory {
  const example = exampleRun === null || exampleSeq === null ? null : { run: exampleRun, seq: exampleSeq };
  return { release, verdict: count > 0 ? 'bad' : 'good', runs, badRuns, records, count, outdated, example };
}

/** Releases that a kernel of this configuration can have. */
function releasesOf(configuration: string): readonly string[] {
  return releasesWith(configuration.endsWith('-mcs') ? 'mcs' : 'classic');
}

/** Puts the releases that nobody tested between those that somebody did. */
function withGaps(tested: readonly ReleaseHistory[], released: readonly string[]): ReleaseHistory[] {
  const [first, last] = [tested[0], tested.at(-1)];
  if (first === undefined || last === undefined) return [];
  const missing = released.filter((release) => compareReleases(release, first.release) > 0 && compareReleases(release, last.release) < 0
    && !tested.some((each) => compareReleases(each.release, release) === 0));
  return [...tested, ...missing.map(untested)].sort((a, b) => compareReleases(a.release, b.release));
}

function untested(release: string): ReleaseHistory {
  return { release, verdict: 'untested', runs: 0, badRuns: 0, records: 0, count: 0, outdated: 0, example: null };
}

function turnsOf(releases: readonly ReleaseHistory[]): Turn[] {
  const turns: Turn[] = [];
  let before: ReleaseHistory | undefined;
  let gap: string[] = [];
  for (const each of releases) {
    if (each.verdict === 'untested') {
      gap.push(each.release);
      continue;
    }
    if (before !== undefined && before.verdict !== each.verdict) {
      turns.push({ kind: each.verdict === 'bad' ? 'broke' : 'mended', release: each.release, after: before.release, untested: gap });
    }
    before = each;
    gap = [];
  }
  return turns;
}
