// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { RecordRow } from '../../../schema/api/index.ts';
import { count, plural, receivedLabel, threadName, virtualTime, words } from '../format.ts';
import { ThreadLink } from './links.tsx';
import { OutcomeMark } from './marks.tsx';

interface Properties {
  /** Place in the table, from 0. */
  readonly index: number;
  /** Null while not even the number is known. */
  readonly seq: number | null;
  /** Undefined while it is being read. */
  readonly row: RecordRow | undefined;
  readonly threads: ReadonlyMap<number, string>;
  readonly selected: boolean;
  readonly onOpen: (seq: number) => void;
}

/** Element id of a record's row. */
export function rowId(seq: number): string {
  return `record-${seq}`;
}

export function RecordRowView({ index, seq, row, threads, selected, onOpen }: Properties): JSX.Element {
  const kind = row === undefined ? 'row pending' : row.anomalies > 0 ? 'row anomalous' : 'row';
  return (
    <div class={kind} role="row" id={seq === null ? undefined : rowId(seq)} aria-rowindex={index + 2} aria-selected={selected}
      onClick={() => { if (seq !== null) onOpen(seq); }}>
      <span role="gridcell" class="cell-seq">{seq === null ? '' : count(seq)}</span>
      {row === undefined ? <span role="gridcell" class="cell-pending">reading…</span> : <Cells row={row} threads={threads} />}
    </div>
  );
}

function Cells({ row, threads }: { row: RecordRow; threads: Properties['threads'] }): JSX.Element {
  return (
    <>
      <span role="gridcell" class="cell-time" title={`${count(row.time)} ns`}>{virtualTime(row.time)}</span>
      <span role="gridcell" class="cell-thread"><ThreadLink thread={{ id: row.thread, name: threadName(row.thread, threads) }} inTable /></span>
      <span role="gridcell" class={row.syscall === '' ? 'cell-system no-call' : 'cell-system'}>{row.syscall || words(row.cause)}</span>
      <span role="gridcell" class="cell-invoked">{row.method !== '' ? row.method : <span class="dim">{row.capType}</span>}</span>
      <span role="gridcell" class="cell-outcome"><OutcomeMark outcome={row.outcome} /></span>
      <span role="gridcell" class="cell-reply">{row.reply !== null && <>{receivedLabel(row)} <span class="dim">{plural(row.reply.length, 'word')}</span></>}</span>
      <span role="gridcell" class="cell-anomalies">{row.anomalies > 0 && <><span class="flag" aria-hidden="true" />{plural(row.anomalies, 'anomaly', 'anomalies')}</>}</span>
    </>
  );
}
