// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { ExplainedAnomaly } from '../../../../schema/api/index.ts';
import { useSession } from '../../session-context.ts';
import { ThreadLink } from '../links.tsx';
import { SeverityMark } from '../marks.tsx';
import { References } from '../references.tsx';

/** What the rules found in a record, each with what it means. */
export function Findings({ anomalies }: { anomalies: readonly ExplainedAnomaly[] }): JSX.Element | null {
  const session = useSession();
  if (anomalies.length === 0) return null;
  return (
    <section class="findings" aria-label="Anomalies of this record">
      {anomalies.map((anomaly) => (
        <article key={anomaly.id} class={`finding finding-${anomaly.severity}`}>
          <div>
            <h3>
              <SeverityMark severity={anomaly.severity} />
              <button type="button" class="link rule-id" title="all anomalies of this kind" onClick={() => session.openGroup(anomaly.fingerprint)}>{anomaly.rule}</button>
              {anomaly.title}
            </h3>
            <p class="finding-detail">{anomaly.detail} <span class="dim">(<ThreadLink thread={anomaly.thread} />)</span></p>
            <References references={anomaly.references} />
          </div>
          <p class="explanation">{anomaly.explanation}</p>
        </article>
      ))}
    </section>
  );
}
