// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { ThreadStory, ThreadWait, Waker } from '../../../../schema/api/index.ts';
import { duration, plural, schedContextText, words } from '../../format.ts';
import { useSelect, useSession } from '../../session-context.ts';
import { RecordLink, ThreadLink } from '../links.tsx';
import { Word } from '../words.tsx';
import { Picture } from './picture.tsx';
import { ThreadStateMark } from './state-mark.tsx';
import { StoryFacts, Transitions } from './story-facts.tsx';

/** The story of the open thread. */
export function Story(): JSX.Element {
  const session = useSession();
  const open = useSelect((state) => state.story);
  if (open?.value == null) return <p class={open?.problem ? 'bad' : 'dim'}>{open?.problem || 'Reading the story…'}</p>;
  const { story, timeline } = open.value;
  const first = story.segments.find(({ fromSeq }) => fromSeq > 0)?.fromSeq ?? 0;
  return (
    <article aria-label={`Story of ${story.thread.name}`}>
      {open.problem !== '' && <p class="bad">{open.problem}</p>}
      <StoryHead story={story} />
      {story.waits !== null && <Wait waits={story.waits} />}
      {story.waits !== null && <CouldWake wakers={story.couldWake} waits={story.waits} />}
      <Picture timeline={timeline} label={`States of ${story.thread.name} over time, and who changed them`} />
      {story.earlier > 0 && first > 1 && (
        <p class="dim">{plural(story.earlier, 'earlier state')} not in the picture. <button type="button" class="link" onClick={() => session.openThread(story.thread.id, first - 1)}>Show those before record {first}</button></p>
      )}
      <Transitions story={story} />
      <StoryFacts story={story} />
    </article>
  );
}

function StoryHead({ story }: { story: ThreadStory }): JSX.Element {
  const last = story.segments.at(-1);
  const context = schedContextText(story);
  return (
    <header class="story-head">
      <h3>{story.thread.name}</h3>
      {story.destroyed ? <b>destroyed</b> : <ThreadStateMark state={story.state} />}
      {last !== undefined && <span class="dim">for {duration(last.to - last.from)}{last.fromSeq > 0 && <>, since <RecordLink seq={last.fromSeq} /></>}</span>}
      {context !== '' && <span class="dim">{context}</span>}
    </header>
  );
}

function Wait({ waits }: { waits: ThreadWait }): JSX.Element {
  return (
    <p class="wait">
      It {waits.text}
      {waits.seq > 0 && <> · {waits.syscall || 'trapped'} in <RecordLink seq={waits.seq} /></>}
      {waits.cptr !== null && <> · by <Word hex={waits.cptr} /></>}
      {waits.server !== null && <> · with <ThreadLink thread={waits.server} /></>}
    </p>
  );
}

/** Who was seen to do what would end the wait. */
function CouldWake({ wakers, waits }: { wakers: readonly Waker[]; waits: ThreadWait }): JSX.Element | null {
  if (waits.for === 'processor') return null;
  if (wakers.length === 0) return <p class="dim">Nobody was seen to do what would end that.</p>;
  return (
    <ul class="wakers" aria-label="Who could wake it">
      {wakers.map(({ thread, state, how, seq }, i) => (
        <li key={i}><ThreadLink thread={thread} /> {words(how)}{seq > 0 && <> (last in <RecordLink seq={seq} />)</>}{state !== 'unknown' && <ThreadStateMark state={state} />}</li>
      ))}
    </ul>
  );
}
