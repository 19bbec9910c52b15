// SPDX-License-Identifier: BSD-2-Clause
/** Every key of the page: one list feeds the handler and the help. */
import { orderedGroups, shownGroups } from './state/anomaly-groups.ts';
import type { Session } from './state/session.ts';

export interface Command {
  /** Values of `KeyboardEvent.key`. */
  readonly keys: readonly string[];
  /** How the help writes them. */
  readonly label: string;
  readonly help: string;
  readonly run: (session: Session) => void;
}

const PAGE_ROWS = 20;

export const COMMANDS: readonly Command[] = [
  { keys: ['j', 'ArrowDown'], label: 'j ↓', help: 'next record, group of anomalies or finding', run: (s) => move(s, 1) },
  { keys: ['k', 'ArrowUp'], label: 'k ↑', help: 'the one before', run: (s) => move(s, -1) },
  { keys: ['PageDown'], label: 'PgDn', help: 'a page down', run: (s) => move(s, PAGE_ROWS) },
  { keys: ['PageUp'], label: 'PgUp', help: 'a page up', run: (s) => move(s, -PAGE_ROWS) },
  { keys: ['Home'], label: 'Home', help: 'first record', run: (s) => move(s, Number.NEGATIVE_INFINITY) },
  { keys: ['End'], label: 'End', help: 'last record', run: (s) => move(s, Number.POSITIVE_INFINITY) },
  { keys: ['Enter'], label: 'Enter', help: 'open the record in full, or one that shows the finding', run: open },
  { keys: ['Escape'], label: 'Esc', help: 'close the record or this help', run: close },
  { keys: ['f'], label: 'f', help: 'follow new records', run: (s) => s.follow() },
  { keys: [' '], label: 'Space', help: 'pause, or follow again', run: (s) => (s.store.get().view.follow ? s.pause() : s.follow()) },
  { keys: ['/'], label: '/', help: 'filter', run: focusFilter },
  { keys: ['1'], label: '1', help: 'records', run: (s) => s.selectTab('records') },
  { keys: ['2'], label: '2', help: 'anomalies', run: (s) => s.selectTab('anomalies') },
  { keys: ['3'], label: '3', help: 'findings of all runs', run: (s) => s.openFindings() },
  { keys: ['r'], label: 'r', help: 'list of runs (narrow windows)', run: (s) => { s.closeFindings(); s.setOverlay('runs'); } },
  { keys: ['?'], label: '?', help: 'this help', run: (s) => s.setOverlay('help') },
];

/** Where `/` goes. */
export const FILTER_INPUT_ID = 'filter-method';

/** Handles a key press; leaves keys alone that belong to the focused control. */
export function handleKey(session: Session, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (target?.closest('input:not([type=checkbox]), select, textarea') != null) {
    if (event.key === 'Escape') target.blur();
    return;
  }
  if ((event.key === ' ' || event.key === 'Enter') && target?.closest('button, a, [type=checkbox]') != null) return;
  if (target?.closest('[role=separator]') != null && event.key.startsWith('Arrow')) return;
  if (session.store.get().overlay === 'help' && event.key !== 'Escape') return;
  const command = COMMANDS.find((each) => each.keys.includes(event.key));
  if (command === undefined) return;
  event.preventDefault();
  command.run(session);
}

function move(session: Session, rows: number): void {
  const { page, tab } = session.store.get().view;
  if (page === 'findings') moveFinding(session, rows);
  else if (tab === 'records') session.moveCursor(rows);
  else moveGroup(session, rows);
}

function moveGroup(session: Session, rows: number): void {
  const { rollup, view } = session.store.get();
  const groups = orderedGroups(shownGroups(rollup?.anomalies ?? [], view.states));
  const index = groups.findIndex((group) => group.fingerprint === view.group);
  const group = groups[index === -1 ? 0 : Math.max(0, Math.min(groups.length - 1, index + rows))];
  if (group !== undefined) session.openGroup(group.fingerprint);
}

function moveFinding(session: Session, rows: number): void {
  const { findings, view } = session.store.get();
  const all = findings?.rows ?? [];
  const index = all.findIndex(({ fingerprint }) => fingerprint === view.finding);
  const next = all[index === -1 ? 0 : Math.max(0, Math.min(all.length - 1, index + rows))];
  if (next !== undefined) session.openFindings(next.fingerprint);
}

function open(session: Session): void {
  const { view, cursor, occurrences, finding } = session.store.get();
  if (view.page === 'findings') {
    const example = finding?.value?.example ?? null;
    if (example !== null) session.openRecordOf(example.run, example.seq);
    return;
  }
  const seq = view.tab === 'records' ? cursor : occurrences?.rows[0]?.seq ?? null;
  if (seq !== null) session.openRecord(seq);
}

function close(session: Session): void {
  const { overlay, view } = session.store.get();
  if (overlay !== null) session.setOverlay(null);
  else if (view.page === 'findings') session.closeFindings();
  else session.closeRecord();
}

function focusFilter(session: Session): void {
  session.selectTab('records');
  const focus = (): boolean => {
    const input = document.getElementById(FILTER_INPUT_ID);
    input?.focus();
    return input !== null;
  };
  // At once where the bar is on the page: what is typed next belongs to it. After a change of tab it comes with the next frame.
  if (!focus()) requestAnimationFrame(focus);
}
