// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { Latency, MethodComparison, RunSummary } from '../../../../schema/api/index.ts';
import { count, duration, percent } from '../../format.ts';
import { differs, growth } from '../../state/comparison.ts';
import { OutcomeMark } from '../marks.tsx';
import { Difference } from './compare.tsx';

const TIMES: readonly { readonly name: keyof Latency; readonly text: string }[] = [{ name: 'median', text: 'Median' }, { name: 'p99', text: '99 %' }, { name: 'longest', text: 'Longest' }];

/** Methods of two runs; one that differs opens its first differing pair. */
export function MethodRows({ methods, a, b }: { methods: readonly MethodComparison[]; a: RunSummary; b: RunSummary }): JSX.Element {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <table class="occurrences methods">
      <thead>
        <tr>
          <th scope="col">Method</th><th scope="col">Outcomes, A and B</th><th scope="col">Requests differ</th><th scope="col">Answers differ</th><th scope="col">Unmatched</th>
          {TIMES.map(({ name, text }) => <th key={name} scope="col">{text}, A → B</th>)}
        </tr>
      </thead>
      <tbody>
        {methods.map((method) => (
          <Fragment key={method.method}>
            <tr class={differs(method) ? 'differs-row' : ''}>
              <th scope="row">
                {method.first === null ? method.method : <button type="button" class="link" aria-expanded={open === method.method} onClick={() => setOpen(open === method.method ? null : method.method)}>{method.method}</button>}
              </th>
              <td><Outcomes method={method} /></td>
              <Differing value={method.requests} /><Differing value={method.answers} /><Differing value={method.unmatched} />
              {TIMES.map(({ name }) => <Times key={name} a={method.latencyA?.[name]} b={method.latencyB?.[name]} />)}
            </tr>
            {open === method.method && method.first !== null && <tr><td colSpan={5 + TIMES.length}><Difference difference={method.first} a={a.run} b={b.run} /></td></tr>}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

function Outcomes({ method: { outcomes } }: { method: MethodComparison }): JSX.Element {
  return (
    <ul class="outcome-counts">
      {outcomes.map(({ outcome, a, b }) => <li key={outcome}><OutcomeMark outcome={outcome} /> <span class={a === b ? 'dim' : 'bad'}>{a === b ? count(a) : `${count(a)} → ${count(b)}`}</span></li>)}
    </ul>
  );
}

/** How many pairs differ. */
function Differing({ value }: { value: number }): JSX.Element {
  return <td class={value === 0 ? 'number faint' : 'number bad'}>{value === 0 ? '–' : count(value)}</td>;
}

/** A change of less than this share says nothing. */
const NOTABLE = 0.05;

function Times({ a, b }: { a: number | undefined; b: number | undefined }): JSX.Element {
  const change = growth(a, b);
  return (
    <td class="number">
      {a === undefined ? '–' : duration(a)} → {b === undefined ? '–' : duration(b)}
      {change !== null && Math.abs(change) >= NOTABLE && <span class={change > 0 ? 'warn' : 'good'}> {percent(change)}</span>}
    </td>
  );
}
