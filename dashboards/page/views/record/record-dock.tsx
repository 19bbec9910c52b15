// SPDX-License-Identifier: BSD-2-Clause
/** The open record, below the table; the bar between them moves. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { RecordDetail } from '../../../../schema/api/index.ts';
import { count, duration, virtualTime } from '../../format.ts';
import { useSelect, useSession } from '../../session-context.ts';
import { ThreadLink } from '../links.tsx';
import { OutcomeMark } from '../marks.tsx';
import { ContractPanel } from './contract-panel.tsx';
import { DeliveriesPanel } from './deliveries-panel.tsx';
import { Findings } from './findings.tsx';
import { RequestPanel } from './request-panel.tsx';
import { StatesPanel } from './states-panel.tsx';

const START_SHARE = 60;
const LEAST_SHARE = 20;
const MOST_SHARE = 85;
const STEP = 4;

export function RecordDock(): JSX.Element {
  const [share, setShare] = useState(START_SHARE);
  const dock = useRef<HTMLElement>(null);
  const resize = (wanted: number): void => setShare(Math.max(LEAST_SHARE, Math.min(MOST_SHARE, wanted)));
  const record = useSelect((state) => state.record);
  return (
    <section class="dock" ref={dock} aria-label="Record" style={{ height: `${share}%` }}>
      <div class="splitter" role="separator" aria-orientation="horizontal" aria-label="Height of the record" aria-valuenow={Math.round(share)}
        aria-valuemin={LEAST_SHARE} aria-valuemax={MOST_SHARE} tabIndex={0}
        onKeyDown={(event) => {
          if (event.key === 'ArrowUp') resize(share + STEP);
          else if (event.key === 'ArrowDown') resize(share - STEP);
          else return;
          event.preventDefault();
        }}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          const area = dock.current!.parentElement!.getBoundingClientRect();
          resize(((area.bottom - event.clientY) / area.height) * 100);
        }} />
      {record?.value != null
        ? <Record detail={record.value} />
        : <Waiting seq={record?.seq ?? null} problem={record?.problem ?? ''} />}
    </section>
  );
}

function Waiting({ seq, problem }: { seq: number | null; problem: string }): JSX.Element {
  const session = useSession();
  return (
    <div class="record-head">
      <h2>{seq !== null && `#${count(seq)}`}</h2>
      <span class={problem === '' ? 'dim' : 'bad'}>{problem || 'reading…'}</span>
      <span class="spread" />
      <button type="button" class="quiet" onClick={() => session.closeRecord()}>Close <kbd>Esc</kbd></button>
    </div>
  );
}

function Record({ detail }: { detail: RecordDetail }): JSX.Element {
  return (
    <>
      <RecordHead detail={detail} />
      <div class="record-body" tabIndex={0} role="region" aria-label={`Record ${detail.row.seq} in full`}>
        <Findings anomalies={detail.anomalies} />
        <div class="panels">
          <RequestPanel detail={detail} />
          <DeliveriesPanel detail={detail} />
          <ContractPanel detail={detail} />
          <StatesPanel detail={detail} />
        </div>
      </div>
    </>
  );
}

function RecordHead({ detail }: { detail: RecordDetail }): JSX.Element {
  const session = useSession();
  const { row } = detail;
  return (
    <div class="record-head">
      <h2>#{count(row.seq)}</h2>
      <p class="record-line">
        <ThreadLink thread={detail.thread} />
        <span>{row.syscall || row.cause}</span>
        {row.capType !== '' && <span class="dim">{row.capType}{detail.object.id !== 0 && ` ${detail.object.name}`}</span>}
        {row.method !== '' && <b>{row.method}</b>}
        <OutcomeMark outcome={row.outcome} />
      </p>
      <span class="dim" title={`${count(row.time)} ns to ${count(detail.exitTime)} ns`}>{virtualTime(row.time)} s{detail.exitTime > row.time && ` + ${duration(detail.exitTime - row.time)}`}</span>
      <span class="spread" />
      <button type="button" class="quiet" title="all threads around this record" onClick={() => session.openThread(null, row.seq)}>Threads then</button>
      <button type="button" class="quiet" onClick={() => session.showInTable(row.seq)}>Show in table</button>
      <button type="button" class="quiet" onClick={() => session.closeRecord()}>Close <kbd>Esc</kbd></button>
    </div>
  );
}
