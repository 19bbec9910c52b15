// SPDX-License-Identifier: BSD-2-Clause
/** The story of a thread as a picture: its own lane, and below it those who changed its state. */
import type { StateSegment, SubjectRef, ThreadStory } from '../../../schema/api/index.ts';
import type { Arrow, Lane, Span, Timeline } from './timeline.ts';

/** Other threads with a lane of their own, those that appear most. */
const MOST_OTHERS = 6;

export function storyTimeline(story: ThreadStory): Timeline {
  const { segments, thread } = story;
  const first = segments[0];
  const last = segments.at(-1);
  const start = { time: first?.from ?? 0, seq: Math.max(story.from, first?.fromSeq ?? 0) };
  // The last record has its width too.
  const end = { time: last?.to ?? 0, seq: story.to + 1 };
  const arrows = segments.filter((segment) => segment.fromSeq !== 0 && segment.by.id !== thread.id)
    .map((segment): Arrow => ({ at: { time: segment.from, seq: segment.fromSeq }, from: segment.by.id, to: thread.id, what: segment.what }));
  return {
    lanes: [{ thread, spans: segments.map((segment) => spanOf(segment, thread, start.seq, end.seq)), ran: [] }, ...others(segments, thread)],
    arrows, start, end,
  };
}

function spanOf({ state, from, fromSeq, to, toSeq, by, what }: StateSegment, { id }: SubjectRef, first: number, last: number): Span {
  return {
    state, from: { time: from, seq: Math.max(fromSeq, first) }, to: { time: to, seq: toSeq === 0 ? last : toSeq },
    cause: fromSeq === 0 ? '' : by.id === id ? what : `${by.name}, ${what}`,
  };
}

function others(segments: readonly StateSegment[], { id }: SubjectRef): Lane[] {
  const seen = new Map<number, { readonly thread: SubjectRef; times: number }>();
  for (const { by, fromSeq } of segments) {
    if (fromSeq === 0 || by.id === id) continue;
    const other = seen.get(by.id) ?? { thread: by, times: 0 };
    other.times++;
    seen.set(by.id, other);
  }
  return [...seen.values()].sort((a, b) => b.times - a.times).slice(0, MOST_OTHERS).map(({ thread }) => ({ thread, spans: [], ran: [] }));
}
