// SPDX-License-Identifier: BSD-2-Clause
/**
 * The view as a link: `#v1?run=ID&seq=12&method=TCBResume`. A link reopens what its maker saw. The version comes first,
 * so that a later page can still read it; a link of a version that this page does not know opens the plain view.
 */
import type * as api from '../../../schema/api/index.ts';
import { OUTCOMES } from '../../../schema/trace/trap-record.ts';
import { DEPTHS, NOTHING_COMPARED, type Compared } from './comparison.ts';
import { STATE_FILTERS, type StateFilter } from './finding-states.ts';
import { isFiltering, NO_FILTER, sameFilter, type Filter } from './filter.ts';

const VERSION = 'v1';

// The page takes types only from schema/api: its values would bring the validator along. The types keep these equal.
export const LATEST_RUN: typeof api.LATEST_RUN = 'latest';
const RUN_ID_PATTERN: typeof api.RUN_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$';
const RUN_ID = new RegExp(RUN_ID_PATTERN);

export const TABS = ['records', 'anomalies', 'threads', 'hang'] as const;
/** Views of one run. */
export type Tab = (typeof TABS)[number];

/** One run, the findings of all runs, two runs, or questions in SQL. */
export const PAGES = ['run', 'findings', 'compare', 'sql'] as const;
export type Page = (typeof PAGES)[number];

export interface View {
  readonly page: Page;
  /** Run id, or `latest`: the run that started last, and each later one as it starts. */
  readonly run: string;
  /** Show records as they arrive. */
  readonly follow: boolean;
  readonly tab: Tab;
  /** Open record. */
  readonly seq: number | null;
  readonly filter: Filter;
  /** Thread whose story is open. */
  readonly thread: number | null;
  /** Record after which threads are shown; null for the last one, as the run grows. */
  readonly to: number | null;
  /** Fingerprint of the open group of anomalies. */
  readonly group: string | null;
  /** Fingerprint of the open finding. */
  readonly finding: string | null;
  /** The two runs that are compared. */
  readonly compared: Compared;
  /** Which groups of anomalies and which findings are listed. */
  readonly states: StateFilter;
}

export const START_VIEW: View = {
  page: 'run', run: LATEST_RUN, follow: true, tab: 'records', seq: null, filter: NO_FILTER, thread: null, to: null, group: null, finding: null, compared: NOTHING_COMPARED, states: 'all',
};

/** Whether a step back in the browser's history should lead from `after` to `before`; moving along a list is no such step. */
export function isStep(before: View, after: View): boolean {
  return before.page !== after.page || before.finding !== after.finding || before.states !== after.states || before.run !== after.run || before.tab !== after.tab || (before.seq === null) !== (after.seq === null)
    || before.thread !== after.thread || before.group !== after.group || !sameCompared(before.compared, after.compared) || !sameFilter(before.filter, after.filter);
}

export function toHash(view: View): string {
  const parameters = new URLSearchParams();
  const put = (name: string, value: string | number | null): void => {
    if (value !== null && value !== '') parameters.set(name, String(value));
  };
  if (view.page !== 'run') put('page', view.page);
  put('run', view.run);
  if (!view.follow) put('follow', 0);
  if (view.tab !== 'records') put('tab', view.tab);
  put('seq', view.seq);
  if (isFiltering(view.filter)) {
    put('thread', view.filter.thread);
    put('method', view.filter.method);
    put('outcome', view.filter.outcome);
    if (view.filter.anomalous) put('anomalies', 1);
  }
  put('story', view.thread);
  put('to', view.to);
  put('group', view.group);
  put('finding', view.finding);
  put('a', view.compared.a);
  put('b', view.compared.b);
  if (view.compared.depth !== 'words') put('depth', view.compared.depth);
  if (view.states !== 'all') put('state', view.states);
  return `#${VERSION}?${parameters}`;
}

export interface ReadLink {
  readonly view: View;
  /** What of the link could not be used, for the person who opened it; empty when all of it could. */
  readonly problems: readonly string[];
}

/** Reads a link. What is wrong in it is left out and named. */
export function fromHash(hash: string): ReadLink {
  if (hash === '' || hash === '#') return { view: START_VIEW, problems: [] };
  const [version, query = ''] = hash.slice(1).split('?', 2);
  if (version !== VERSION) return { view: START_VIEW, problems: ['this link was made by another version of the page'] };
  const given = new URLSearchParams(query);
  const problems: string[] = [];
  const read = <T>(name: string, parse: (text: string) => T | undefined, otherwise: T): T => {
    const text = given.get(name);
    if (text === null) return otherwise;
    const value = parse(text);
    if (value === undefined) problems.push(`the link's ${name} "${text}" is not usable`);
    return value === undefined ? otherwise : value;
  };
  const view: View = {
    page: read<Page>('page', (text) => PAGES.find((name) => name === text), 'run'),
    run: read('run', runId, LATEST_RUN),
    follow: read('follow', flag, true),
    tab: read<Tab>('tab', (text) => TABS.find((name) => name === text), 'records'),
    seq: read<number | null>('seq', (text) => natural(text, 1), null),
    filter: {
      thread: read<number | null>('thread', (text) => natural(text, 0), null),
      method: read('method', (text) => (text.length <= 64 ? text : undefined), ''),
      outcome: read<Filter['outcome']>('outcome', (text) => OUTCOMES.find((name) => name === text), null),
      anomalous: read('anomalies', flag, false),
    },
    thread: read<number | null>('story', (text) => natural(text, 1), null),
    to: read<number | null>('to', (text) => natural(text, 1), null),
    group: read('group', fingerprint, null),
    finding: read('finding', fingerprint, null),
    compared: {
      a: read<string | null>('a', runId, null),
      b: read<string | null>('b', runId, null),
      depth: read<Compared['depth']>('depth', (text) => DEPTHS.find((name) => name === text), 'words'),
    },
    states: read<StateFilter>('state', (text) => STATE_FILTERS.find((name) => name === text), 'all'),
  };
  return { view, problems };
}

function sameCompared(x: Compared, y: Compared): boolean {
  return x.a === y.a && x.b === y.b && x.depth === y.depth;
}

function runId(text: string): string | undefined {
  return RUN_ID.test(text) ? text : undefined;
}

function fingerprint(text: string): string | null | undefined {
  return text !== '' && text.length <= 200 ? text : undefined;
}

function flag(text: string): boolean | undefined {
  return text === '1' ? true : text === '0' ? false : undefined;
}

function natural(text: string, least: number): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) && value >= least ? value : undefined;
}
