// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { MethodDetail, RecordDetail } from '../../../../schema/api/index.ts';
import { plural } from '../../format.ts';

/** What a correct reply to a Call of the method looks like, beside what came. */
export function ContractPanel({ detail }: { detail: RecordDetail }): JSX.Element {
  const { method } = detail;
  return (
    <section class="panel" aria-label="Contract">
      <h3>Contract</h3>
      {method === null ? <p class="dim">No kernel object method was invoked, so no contract of one applies.</p> : <Contract method={method} detail={detail} />}
    </section>
  );
}

function Contract({ method, detail }: { method: MethodDetail; detail: RecordDetail }): JSX.Element {
  const { contract } = method;
  const reply = detail.deliveries.find((each) => each.kind === 'reply' && each.thread.id === detail.thread.id);
  const error = reply === undefined || reply.tag.label === 0 ? undefined : reply.tag.label;
  const differs = reply !== undefined && error === undefined && contract.length === 'fixed' && reply.tag.length !== contract.outWords;
  return (
    <>
      <p class="method-name">{method.interfaceName}_{method.name} <span class="dim">label {method.label}</span></p>
      {method.brief !== '' && <p>{method.brief}</p>}
      <dl class="values">
        <div><dt>request</dt><dd>{plural(method.requestLength, 'word')}, {plural(method.capParameters.length, 'cap')}</dd></div>
        <div>
          <dt>reply to Call</dt>
          <dd>
            {contract.length === 'count' ? 'as many words as the request asks for' : plural(contract.outWords, 'word')}, badge 0, no caps
            {differs && <span class="differs">came with {plural(reply.tag.length, 'word')}</span>}
          </dd>
        </div>
        <div><dt>reply to Send</dt><dd>none</dd></div>
        {contract.mayComeLater && <div><dt>when</dt><dd>at once, or in a later trap</dd></div>}
      </dl>
      {method.out.length > 0 && (
        <>
          <h4>Reply words</h4>
          <dl class="values">
            {method.out.map((out) => <div key={out.name}><dt title={out.type}>{out.name}</dt><dd><span class="faint">word {out.word}</span> {out.description}</dd></div>)}
          </dl>
        </>
      )}
      {contract.errors.length > 0 && (
        <>
          <h4>Errors</h4>
          <dl class="values errors">
            {contract.errors.map((each) => <div key={each.label} class={each.label === error ? 'came' : ''}><dt>{each.name}</dt><dd>{each.description}</dd></div>)}
          </dl>
        </>
      )}
    </>
  );
}
