// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { DeliveryDetail, RecordDetail } from '../../../../schema/api/index.ts';
import { count, replyLabel, words } from '../../format.ts';
import { deliveredWords } from '../../message-words.ts';
import { useSession } from '../../session-context.ts';
import { ThreadLink } from '../links.tsx';
import { DeliveredWords, Tag, Values, Word } from '../words.tsx';

/** What the kernel wrote, for whom. */
export function DeliveriesPanel({ detail }: { detail: RecordDetail }): JSX.Element {
  return (
    <section class="panel" aria-label="Reply and deliveries">
      <h3>{detail.deliveries.length === 1 ? 'Delivery' : 'Deliveries'}</h3>
      {detail.deliveries.length === 0 && <p class="dim">The kernel wrote nothing into any thread.</p>}
      {detail.deliveries.map((delivery, i) => <Delivery key={i} delivery={delivery} seq={detail.row.seq} invoker={detail.thread.id} />)}
    </section>
  );
}

function Delivery({ delivery, seq, invoker }: { delivery: DeliveryDetail; seq: number; invoker: number }): JSX.Element {
  const kernelReply = delivery.kind === 'reply' || delivery.kind === 'lateReply';
  const label = delivery.error ?? (kernelReply ? replyLabel(delivery.tag.label) : String(delivery.tag.label));
  return (
    <article class={`delivery delivery-${delivery.kind}`}>
      <h4>
        <span class="delivery-kind">{words(delivery.kind)}</span> to <ThreadLink thread={delivery.thread} />
        {delivery.thread.id === invoker && <span class="dim"> the invoker</span>}
      </h4>
      <Answers answers={delivery.answers} seq={seq} />
      <Tag tag={delivery.tag} label={label} />
      {delivery.summary !== '' && <p class="summary">{delivery.summary}</p>}
      {delivery.explanation !== '' && <p class="dim">{delivery.explanation}</p>}
      {delivery.values.length > 0 && <Values values={delivery.values} />}
      <dl class="values"><div><dt>badge</dt><dd><Word hex={delivery.badge} /></dd></div></dl>
      {delivery.words.length > 0 && <><h4>Words</h4><DeliveredWords words={deliveredWords(delivery)} /></>}
      <h4>Written</h4>
      <dl class="values">
        <div><dt>registers</dt><dd class="written-list">{delivery.writtenRegisters.length === 0 ? 'none' : delivery.writtenRegisters.map((name) => <code key={name}>{name}</code>)}</dd></div>
        <div><dt>buffer words</dt><dd class="written-list">{delivery.writtenBufferWords.length === 0 ? 'none' : delivery.writtenBufferWords.map((index) => <code key={index}>{index}</code>)}</dd></div>
      </dl>
    </article>
  );
}

/** Which trap a delivery answers, when that is not plain. */
function Answers({ answers, seq }: { answers: number; seq: number }): JSX.Element | null {
  const session = useSession();
  if (answers === seq) return null;
  if (answers === 0) return <p class="dim">answers no trap</p>;
  return <p class="dim">answers <button type="button" class="link" onClick={() => session.showInTable(answers)}>#{count(answers)}</button></p>;
}
