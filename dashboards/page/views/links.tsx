// SPDX-License-Identifier: BSD-2-Clause
/** Names that lead to what they name. */
import type { JSX } from 'preact';
import type { SubjectRef } from '../../../schema/api/index.ts';
import { count } from '../format.ts';
import { useSession } from '../session-context.ts';

/** A thread's name; opens its story. The idle thread has none. */
export function ThreadLink({ thread, inTable = false }: { thread: SubjectRef; inTable?: boolean }): JSX.Element {
  const session = useSession();
  if (thread.id === 0) return <span>{thread.name}</span>;
  return (
    <button type="button" class="thread-link" title={`${thread.name} (thread ${thread.id}): its story`} tabIndex={inTable ? -1 : 0} onClick={(event) => {
      event.stopPropagation();
      session.openThread(thread.id);
    }}>{thread.name}</button>
  );
}

/** A record's number; opens it. */
export function RecordLink({ seq }: { seq: number }): JSX.Element {
  const session = useSession();
  return <button type="button" class="link record-link" aria-label={`open record ${seq}`} onClick={() => session.openRecord(seq)}>#{count(seq)}</button>;
}
