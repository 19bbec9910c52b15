// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { referenceUrl } from '../format.ts';

/** What a rule refers to; issues and commits as links. */
export function References({ references }: { references: readonly string[] }): JSX.Element | null {
  if (references.length === 0) return null;
  return (
    <p class="references">
      {references.map((reference) => {
        const url = referenceUrl(reference);
        return url === null
          ? <span key={reference}>{reference}</span>
          : <a key={reference} href={url} target="_blank" rel="noreferrer">{reference}</a>;
      })}
    </p>
  );
}
