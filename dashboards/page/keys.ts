// SPDX-License-Identifier: BSD-2-Clause
/** Every key of the page: one list feeds the handler and the help. */
import { orderedGroups, shownGroups } from './state/anomaly-groups.ts';
import { listedThreads } from './state/thread-list.ts';
import type { Session } from './state/session.ts';

export interface Command {
  /** Values of `KeyboardEvent.key`. */
  readonly keys: readonly string[];
  /** How the help writes them. */
  readonly label: string;
  readonly help: string;
  /** False when the key means nothing where the person is: it is left to the browser, which may scroll. */
  readonly run: (session: Session) => boolean | void;
}

const PAGE_ROWS = 20;
/** What scrolls an element with `data-scrolls` that has the focus. */
const SCROLL_KEYS = new Set(['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End', ' ']);
/** Of one key press in a picture: how much more or less it shows, and which part of it it moves. */
const ZOOM = 1.6;
const PAN = 0.25;

export const COMMANDS: readonly Command[] = [
  { keys: ['j', 'ArrowDown'], label: 'j ↓', help: 'next record, group of anomalies, finding or thread', run: (s) => move(s, 1) },
  { keys: ['k', 'ArrowUp'], label: 'k ↑', help: 'the one before', run: (s) => move(s, -1) },
  { keys: ['PageDown'], label: 'PgDn', help: 'a page down', run: (s) => move(s, PAGE_ROWS) },
  { keys: ['PageUp'], label: 'PgUp', help: 'a page up', run: (s) => move(s, -PAGE_ROWS) },
  { keys: ['Home'], label: 'Home', help: 'first record', run: (s) => move(s, Number.NEGATIVE_INFINITY) },
  { keys: ['End'], label: 'End', help: 'last record', run: (s) => move(s, Number.POSITIVE_INFINITY) },
  { keys: ['Enter'], label: 'Enter', help: 'open the record in full, or one that shows the finding', run: open },
  { keys: ['Escape'], label: 'Esc', help: 'close the record, the thread or this help', run: close },
  { keys: ['f'], label: 'f', help: 'follow new records', run: (s) => onRun(s, () => s.follow()) },
  { keys: [' '], label: 'Space', help: 'pause, or follow again', run: (s) => onRun(s, () => (s.store.get().view.follow ? s.pause() : s.follow())) },
  { keys: ['/'], label: '/', help: 'filter records, find threads, or write a question', run: focusFilter },
  { keys: ['1'], label: '1', help: 'records', run: (s) => s.selectTab('records') },
  { keys: ['2'], label: '2', help: 'anomalies', run: (s) => s.selectTab('anomalies') },
  { keys: ['3'], label: '3', help: 'threads', run: (s) => s.selectTab('threads') },
  { keys: ['4'], label: '4', help: 'threads that can never run again', run: (s) => s.selectTab('hang') },
  { keys: ['5'], label: '5', help: 'findings of all runs', run: (s) => s.openFindings() },
  { keys: ['6'], label: '6', help: 'compare two runs', run: (s) => s.openComparison() },
  { keys: ['7'], label: '7', help: 'ask in SQL', run: (s) => s.openSql() },
  { keys: ['t'], label: 't', help: 'story of the thread that made the record', run: openThread },
  { keys: ['+', '='], label: '+', help: 'zoom into the picture of threads', run: (s) => onPicture(s, () => s.threads.zoom(1 / ZOOM)) },
  { keys: ['-'], label: '−', help: 'zoom out', run: (s) => onPicture(s, () => s.threads.zoom(ZOOM)) },
  { keys: ['0'], label: '0', help: 'all of the picture', run: (s) => onPicture(s, () => s.threads.zoomOut()) },
  { keys: ['ArrowLeft'], label: '←', help: 'earlier in the picture', run: (s) => onPicture(s, () => s.threads.pan(-PAN)) },
  { keys: ['ArrowRight'], label: '→', help: 'later in the picture', run: (s) => onPicture(s, () => s.threads.pan(PAN)) },
  { keys: ['r'], label: 'r', help: 'list of runs (narrow windows)', run: (s) => { s.backToRun(); s.setOverlay('runs'); } },
  { keys: ['?'], label: '?', help: 'this help', run: (s) => s.setOverlay('help') },
];

/** Where `/` goes. */
export const FILTER_INPUT_ID = 'filter-method';
export const THREAD_SEARCH_ID = 'find-threads';
export const SQL_EDITOR_ID = 'sql-editor';

/** Handles a key press; leaves keys alone that belong to the focused control. */
export function handleKey(session: Session, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (target?.closest('input:not([type=checkbox]), select, textarea') != null) {
    if (event.key === 'Escape') target.blur();
    return;
  }
  if ((event.key === ' ' || event.key === 'Enter') && target?.closest('button, a, summary, [type=checkbox]') != null) return;
  if (SCROLL_KEYS.has(event.key) && target?.closest('[data-scrolls]') != null) return;
  if (target?.closest('[role=separator], [role=tablist]') != null && event.key.startsWith('Arrow')) return;
  if (session.store.get().overlay === 'help' && event.key !== 'Escape') return;
  const command = COMMANDS.find((each) => each.keys.includes(event.key));
  if (command === undefined) return;
  if (command.run(session) !== false) event.preventDefault();
}

function onRun(session: Session, act: () => void): boolean {
  const isHere = session.store.get().view.page === 'run';
  if (isHere) act();
  return isHere;
}

function onPicture(session: Session, act: () => void): boolean {
  const { page, tab } = session.store.get().view;
  const isHere = page === 'run' && tab === 'threads';
  if (isHere) act();
  return isHere;
}

function move(session: Session, rows: number): boolean {
  const { page, tab } = session.store.get().view;
  if (page === 'findings') moveFinding(session, rows);
  else if (page !== 'run' || tab === 'hang') return false;
  else if (tab === 'records') session.moveCursor(rows);
  else if (tab === 'anomalies') moveGroup(session, rows);
  else moveThread(session, rows);
  return true;
}

function moveGroup(session: Session, rows: number): void {
  const { rollup, view } = session.store.get();
  const group = stepped(orderedGroups(shownGroups(rollup?.anomalies ?? [], view.states)), ({ fingerprint }) => fingerprint === view.group, rows);
  if (group !== undefined) session.openGroup(group.fingerprint);
}

function moveFinding(session: Session, rows: number): void {
  const { findings, view } = session.store.get();
  const next = stepped(findings?.rows ?? [], ({ fingerprint }) => fingerprint === view.finding, rows);
  if (next !== undefined) session.openFindings(next.fingerprint);
}

function moveThread(session: Session, rows: number): void {
  const { threadStates, threadSearch, view } = session.store.get();
  const next = stepped(listedThreads(threadStates?.value?.threads ?? [], threadSearch), ({ thread }) => thread.id === view.thread, rows);
  if (next !== undefined) session.openThread(next.thread.id);
}

/** So many places further in a list than the one that is open, within its ends; the first while none is. */
function stepped<T>(all: readonly T[], isOpen: (each: T) => boolean, rows: number): T | undefined {
  const index = all.findIndex(isOpen);
  return all[index === -1 ? 0 : Math.max(0, Math.min(all.length - 1, index + rows))];
}

/** The open record's thread, or that of the row under the keyboard. */
function openThread(session: Session): void {
  const { record, source, cursor } = session.store.get();
  const row = record?.value?.row ?? (cursor === null || source === null ? undefined : source.at(source.indexOf(cursor)));
  if (row !== undefined && row.thread !== 0) session.openThread(row.thread);
}

function open(session: Session): void {
  const { view, cursor, occurrences, finding } = session.store.get();
  if (view.page === 'findings') {
    const example = finding?.value?.example ?? null;
    if (example !== null) session.openRecordOf(example.run, example.seq);
    return;
  }
  if (view.page !== 'run') return;
  const seq = view.tab === 'records' ? cursor : occurrences?.rows[0]?.seq ?? null;
  if (seq !== null) session.openRecord(seq);
}

function close(session: Session): void {
  const { overlay, view } = session.store.get();
  if (overlay !== null) session.setOverlay(null);
  else if (view.page !== 'run') session.backToRun();
  else if (view.seq !== null || view.tab !== 'threads') session.closeRecord();
  else session.openThread(null);
}

function focusFilter(session: Session): void {
  const { page, tab } = session.store.get().view;
  const id = page === 'sql' ? SQL_EDITOR_ID : page === 'run' && tab === 'threads' ? THREAD_SEARCH_ID : FILTER_INPUT_ID;
  if (id === FILTER_INPUT_ID) session.selectTab('records');
  const focus = (): boolean => {
    const input = document.getElementById(id);
    input?.focus();
    return input !== null;
  };
  // At once where the bar is on the page: what is typed next belongs to it. After a change of tab it comes with the next frame.
  if (!focus()) requestAnimationFrame(focus);
}
