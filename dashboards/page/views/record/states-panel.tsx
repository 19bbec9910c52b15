// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { RecordDetail } from '../../../../schema/api/index.ts';
import { lastTransitions, strayText, transitionNotes } from '../../../../schema/api/record-text.ts';
import { duration } from '../../format.ts';
import { ThreadLink } from '../links.tsx';
import { Word } from '../words.tsx';

const FLAGS: Readonly<Record<RecordDetail['flags'][number], string>> = {
  pcAdvanced: 'the invoker goes on behind the trap',
  yieldPending: 'a YieldTo of the invoker is pending',
  invokerDestroyed: 'the invoker was destroyed',
  nextHasSchedContext: 'the next thread may run',
  refusedWithEffect: 'refused, and yet a capability changed',
  registersOnly: 'only registers were seen',
};

/** What the trap did to threads. */
export function StatesPanel({ detail }: { detail: RecordDetail }): JSX.Element {
  const last = lastTransitions(detail);
  const hasTime = detail.consumed > 0 || detail.budget > 0;
  return (
    <section class="panel" aria-label="Thread states">
      <h3>Thread states</h3>
      {detail.states.length === 0 ? <p class="dim">No thread's state was written.</p> : (
        <table class="states">
          <thead><tr><th scope="col">Thread</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
          <tbody>
            {detail.states.map((each) => (
              <tr key={each.thread.id}><th scope="row"><ThreadLink thread={each.thread} /></th><td>{each.before}</td><td class={each.before === each.after ? '' : 'changed'}>{each.after}</td></tr>
            ))}
          </tbody>
        </table>
      )}
      {detail.transitions.length > 0 && (
        <>
          <h4>In order</h4>
          <ol class="transitions">
            {detail.transitions.map((each, i) => (
              <li key={i}>
                <ThreadLink thread={each.thread} /> {each.from} → {each.to}
                {last.get(each.thread.id) === each && transitionNotes(each, each.thread.id === detail.thread.id).map(({ text, meaning, isWrong }) => (
                  <span key={text} class={isWrong ? 'bad' : 'dim'} title={meaning}> · {text}</span>
                ))}
              </li>
            ))}
          </ol>
        </>
      )}
      <h4>After the trap</h4>
      <dl class="values">
        <div><dt>runs next</dt><dd><ThreadLink thread={detail.next.thread} /> {detail.next.state}</dd></div>
        <div><dt>pc</dt><dd><Word hex={detail.pcAfter} /></dd></div>
        {detail.fault !== null && <div><dt>fault</dt><dd>{detail.fault}</dd></div>}
        {hasTime && <div><dt>charged</dt><dd>{duration(detail.consumed)}</dd></div>}
        {hasTime && <div><dt>budget left</dt><dd>{duration(detail.budget)}</dd></div>}
      </dl>
      {detail.stray !== null && <p class="bad">{strayText(detail.stray)}</p>}
      <ul class="flags">{detail.flags.map((flag) => <li key={flag}>{FLAGS[flag]}</li>)}</ul>
    </section>
  );
}
