// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ThreadNow } from '../../../../schema/api/index.ts';
import { count, plural, schedContextText } from '../../format.ts';
import { THREAD_SEARCH_ID } from '../../keys.ts';
import { useSelect, useSession } from '../../session-context.ts';
import { listedThreads } from '../../state/thread-list.ts';
import { ThreadStateMark } from './state-mark.tsx';

/** Threads drawn at once; more on demand. */
const CHUNK = 150;

/** All threads of the run: state, what they wait for, scheduling context, last trap. */
export function ThreadList(): JSX.Element {
  const session = useSession();
  const states = useSelect((state) => state.threadStates);
  const search = useSelect((state) => state.threadSearch);
  const open = useSelect((state) => state.view.thread);
  const [most, setMost] = useState(CHUNK);
  const all = states?.value?.threads ?? [];
  const listed = listedThreads(all, search);
  const index = listed.findIndex(({ thread }) => thread.id === open);
  const shown = listed.slice(0, Math.max(most, index + 1));
  return (
    <div class="groups thread-list">
      <div class="groups-filter">
        <input id={THREAD_SEARCH_ID} type="search" placeholder="name, state or wait" aria-label="Find threads" spellcheck={false} autoComplete="off" value={search}
          onInput={(event) => session.threads.search(event.currentTarget.value)} onKeyDown={(event) => { if (event.key === 'Enter') event.currentTarget.blur(); }} />
        {states?.value != null && <span class="dim">{listed.length < all.length ? `${count(listed.length)} of ` : ''}{plural(all.length, 'thread')}</span>}
      </div>
      {states?.problem !== undefined && states.problem !== '' && <p class="group-hint bad">{states.problem}</p>}
      {states?.value == null && states?.problem === '' && <p class="group-hint dim">Reading the threads…</p>}
      <ul>{shown.map((thread) => <li key={thread.thread.id}><ThreadItem now={thread} open={thread.thread.id === open} /></li>)}</ul>
      {listed.length > shown.length && <button type="button" class="quiet" onClick={() => setMost(most + CHUNK)}>More ({count(listed.length - shown.length)})</button>}
    </div>
  );
}

function ThreadItem({ now, open }: { now: ThreadNow; open: boolean }): JSX.Element {
  const session = useSession();
  const { thread, state, destroyed, isRunning, waits, lastTrap } = now;
  const context = schedContextText(now);
  return (
    <button type="button" class={destroyed ? 'group thread-item gone' : 'group thread-item'} aria-current={open} onClick={() => session.openThread(thread.id)}>
      <span class="group-method" title={thread.name}>{thread.name} <span class="faint">{thread.id}</span></span>
      {destroyed ? <span class="dim">destroyed</span> : <ThreadStateMark state={state} note={isRunning ? 'now' : ''} />}
      {!destroyed && waits !== null && <span class="dim">{waits.text}</span>}
      <span class="faint">{[lastTrap === null ? 'no trap of its own' : `#${count(lastTrap.seq)} ${lastTrap.what}`, context].filter((text) => text !== '').join(' · ')}</span>
    </button>
  );
}
