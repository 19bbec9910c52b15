// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { HangReport, HungThread, SubjectRef } from '../../../schema/api/index.ts';
import { count, plural, virtualTime, words } from '../format.ts';
import { useSelect } from '../session-context.ts';
import { Message } from './empty-state.tsx';
import { RecordLink, ThreadLink } from './links.tsx';
import { ThreadStateMark } from './threads/state-mark.tsx';

/** Threads that can never run again, and why. */
export function HangView(): JSX.Element {
  const hang = useSelect((state) => state.hang);
  const empty = useSelect((state) => state.run?.records === 0);
  if (empty) return <Message title="No records yet" />;
  if (hang?.value == null) return hang?.problem ? <Message title="It could not be told who hangs"><p>{hang.problem}</p></Message> : <Message title="Looking who hangs…" />;
  const report = hang.value;
  return (
    <section class="hang" aria-label="Hung threads" tabIndex={0}>
      {hang.problem !== '' && <p class="bad">{hang.problem}</p>}
      <p class="dim">After record <RecordLink seq={report.at} />, at {virtualTime(report.time)} s: {plural(report.alive, 'thread')} can run, or be made to by one that can.</p>
      {report.stalled && <p class="bad">The kernel had nothing left to run, and no event was to come: whatever waits, waits for ever.</p>}
      {report.hung.length === 0 ? <h3>Nobody hangs</h3> : <h3>{plural(report.hung.length, 'thread')} can never run again</h3>}
      <ol class="hung">{report.hung.map((hung) => <li key={hung.thread.id}><Hung hung={hung} /></li>)}</ol>
      {report.cycles.length > 0 && <Cycles cycles={report.cycles} />}
      <Others report={report} />
    </section>
  );
}

function Hung({ hung: { thread, state, sinceSeq, since, reason, certainty, text, waits, waitsFor } }: { hung: HungThread }): JSX.Element {
  return (
    <article class={`finding finding-${certainty === 'certain' ? 'error' : 'warning'}`} aria-label={`${thread.name} hangs`}>
      <div>
        <h3><ThreadLink thread={thread} /> <ThreadStateMark state={state} /></h3>
        <p class="finding-detail">It {text}.</p>
        <p class="dim">
          {sinceSeq > 0 && <>since <RecordLink seq={sinceSeq} />, {virtualTime(since)} s</>}
          {waits !== null && waits.seq > 0 && waits.seq !== sinceSeq && <> · {waits.syscall} in <RecordLink seq={waits.seq} /></>}
        </p>
      </div>
      <div>
        <p><b>{words(reason)}</b>: {certainty === 'certain' ? 'the state of the kernel says so' : 'nobody was seen to do what would help; a capability that was never used would not be seen'}</p>
        {waitsFor.length > 0 && <ul class="wakers" aria-label="Who could help, were they not hung themselves">{waitsFor.map((waker, i) => <li key={i}><ThreadLink thread={waker.thread} /> {words(waker.how)}{waker.seq > 0 && <> (last in <RecordLink seq={waker.seq} />)</>}</li>)}</ul>}
      </div>
    </article>
  );
}

function Cycles({ cycles }: { cycles: HangReport['cycles'] }): JSX.Element {
  return (
    <>
      <h3>They wait for each other</h3>
      <ul class="cycles">{cycles.map((cycle, i) => <li key={i}>{cycle.map((thread) => <span key={thread.id}><ThreadLink thread={thread} /> → </span>)}{cycle[0] !== undefined && <ThreadLink thread={cycle[0]} />}</li>)}</ul>
    </>
  );
}

/** Threads that rest without being stuck. */
function Others({ report }: { report: HangReport }): JSX.Element {
  return (
    <div class="hang-others">
      <Names title="came to their end" threads={report.finished} />
      <Names title="stopped by others" threads={report.stopped} />
      <Names title="never started" threads={report.neverStarted} />
      <Names title="servers of a program that is over" threads={report.idle} />
    </div>
  );
}

/** Names shown of a list that may have thousands. */
const MOST_NAMES = 60;

function Names({ title, threads }: { title: string; threads: readonly SubjectRef[] }): JSX.Element | null {
  if (threads.length === 0) return null;
  return (
    <details open={threads.length <= MOST_NAMES}>
      <summary>{plural(threads.length, 'thread')} {title}</summary>
      <ul class="thread-names">{threads.slice(0, MOST_NAMES).map((thread) => <li key={thread.id}><ThreadLink thread={thread} /></li>)}</ul>
      {threads.length > MOST_NAMES && <p class="dim">and {count(threads.length - MOST_NAMES)} more</p>}
    </details>
  );
}
