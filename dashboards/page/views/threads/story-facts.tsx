// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ThreadStory } from '../../../../schema/api/index.ts';
import { count, duration, plural, virtualTime } from '../../format.ts';
import { OutcomeMark } from '../marks.tsx';
import { RecordLink, ThreadLink } from '../links.tsx';
import { Word } from '../words.tsx';
import { ThreadStateMark } from './state-mark.tsx';

/** Rows drawn at once. */
const CHUNK = 100;

/** What changed its state, the last change first. */
export function Transitions({ story }: { story: ThreadStory }): JSX.Element {
  const [most, setMost] = useState(CHUNK);
  const segments = story.segments.toReversed();
  return (
    <section aria-label="Transitions">
      <h4>{plural(story.segments.length, 'state')}, the last first</h4>
      <table class="occurrences transitions-table">
        <thead><tr><th scope="col">Record</th><th scope="col">Time, s</th><th scope="col">State</th><th scope="col">For</th><th scope="col">By</th><th scope="col">What</th></tr></thead>
        <tbody>
          {segments.slice(0, most).map((segment) => (
            <tr key={segment.fromSeq}>
              <td>{segment.fromSeq === 0 ? 'before' : <RecordLink seq={segment.fromSeq} />}</td>
              <td>{virtualTime(segment.from)}</td>
              <td><ThreadStateMark state={segment.state} /></td>
              <td>{duration(segment.to - segment.from)}</td>
              <td>{segment.fromSeq !== 0 && (segment.by.id === story.thread.id ? <span class="dim">itself</span> : <ThreadLink thread={segment.by} />)}</td>
              <td>{segment.what}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {segments.length > most && <button type="button" class="quiet" onClick={() => setMost(most + CHUNK)}>More ({count(segments.length - most)})</button>}
    </section>
  );
}

/** How long it was in which state, what it called, its faults, and how it was set up. */
export function StoryFacts({ story }: { story: ThreadStory }): JSX.Element {
  const { totals, ran, methods, faults, faultHandler, schedContext } = story;
  const whole = Math.max(1, totals.reduce((sum, { time }) => sum + time, 0));
  return (
    <div class="story-facts">
      <section aria-label="Time in each state">
        <h4>Time in each state</h4>
        <ul class="totals">
          {totals.map(({ state, time, times }) => (
            <li key={state}><ThreadStateMark state={state} /><meter min={0} max={whole} value={time} aria-label={`share of ${state}`} /><span class="mono">{duration(time)}</span><span class="dim">{plural(times, 'time')}</span></li>
          ))}
        </ul>
        <p class="dim">On the processor, in user mode: {duration(ran)}</p>
      </section>
      <section aria-label="Its traps">
        <h4>Its traps</h4>
        {methods.length === 0 ? <p class="dim">None.</p> : (
          <table class="occurrences">
            <tbody>{methods.map(({ method, outcome, records }) => <tr key={`${method} ${outcome}`}><td>{count(records)}</td><td>{method}</td><td><OutcomeMark outcome={outcome} /></td></tr>)}</tbody>
          </table>
        )}
      </section>
      <section aria-label="Set up">
        <h4>Set up</h4>
        <dl class="values">
          <div><dt>scheduling context</dt><dd>{schedContext === null ? (story.schedContextKnown ? 'none' : 'not known') : <>{schedContext.object?.name ?? 'one without a name'} <RecordLink seq={schedContext.seq} /></>}</dd></div>
          <div><dt>fault handler</dt><dd>{faultHandler === null ? 'none, or not known' : <>{faultHandler.object?.name ?? ''} <Word hex={faultHandler.cptr} /> <RecordLink seq={faultHandler.seq} /></>}</dd></div>
        </dl>
        {faults.length > 0 && <h4>Its last faults</h4>}
        <ul class="fault-list">{faults.toReversed().map(({ seq, time, fault }) => <li key={seq}><RecordLink seq={seq} /> {fault} <span class="dim">{virtualTime(time)} s</span></li>)}</ul>
      </section>
    </div>
  );
}
