// SPDX-License-Identifier: BSD-2-Clause
/** What the page reads about the threads of the run in view, and what a person does with their picture. */
import type { HangReport, RunSummary, ThreadStates } from '../../../schema/api/index.ts';
import type { Api } from './api.ts';
import { lanesOf, readLanes, type Lanes } from './lanes.ts';
import type { State, StoryInPicture } from './model.ts';
import { panned, zoomed } from './picture.ts';
import type { Store } from './store.ts';
import { storyTimeline } from './story-timeline.ts';
import type { Axis, Timeline } from './timeline.ts';
import { Watched, type Kept } from './watched.ts';

/** State segments of one story: more than that are reached by an earlier record. */
const SEGMENTS = 2000;
/** A run of at most so many records is asked for hung threads by itself, once it has ended. */
const CHEAP_RECORDS = 300_000;
/** How many records the lanes of all threads can show. */
export const LANE_RECORDS = [100, 500, 2000, 5000] as const;

/** What is read, by its place in the state. */
interface Values {
  readonly threadStates: ThreadStates;
  readonly story: StoryInPicture;
  readonly lanes: Lanes;
  readonly hang: HangReport;
}

export class ThreadLoader {
  private readonly api: Api;
  private readonly store: Store<State>;
  private readonly parts: { readonly [Name in keyof Values]: Watched<Values[Name]> };

  constructor(api: Api, store: Store<State>) {
    this.api = api;
    this.store = store;
    this.parts = {
      threadStates: this.watch('threadStates', ({ view }) => (view.tab === 'threads' ? `to ${view.to}` : null), (run, { view }) => api.threadStates(run.run, view.to === null ? {} : { at: view.to })),
      story: this.watch('story', ({ view }) => (view.tab === 'threads' && view.thread !== null ? `${view.thread} to ${view.to}` : null), (run, state) => this.readStory(run, state)),
      lanes: this.watch('lanes', ({ view, laneRecords }) => (view.tab === 'threads' && view.thread === null ? `${laneRecords} to ${view.to}` : null), (run, state) => this.readLanes(run, state)),
      hang: this.watch('hang', ({ view }, run) => (view.tab === 'hang' || isCheap(run) ? run.state : null), (run) => api.hang(run.run)),
    };
  }

  show(): void {
    for (const part of Object.values<{ show(): void }>(this.parts)) part.show();
  }

  /** Reads again what could not be read. */
  retry(): void {
    const state = this.store.get();
    for (const name of ['threadStates', 'story', 'lanes', 'hang'] as const) if (state[name] !== null && state[name].problem !== '') this.parts[name].again();
  }

  search(text: string): void {
    this.store.set({ threadSearch: text });
  }

  /** Shows so many records in the lanes of all threads. */
  setLaneRecords(laneRecords: number): void {
    this.store.set({ laneRecords });
    this.show();
  }

  setAxis(axis: Axis): void {
    this.store.set({ picture: { axis, window: null } });
  }

  /** Shows `factor` times as much of the picture around `anchor`, a place between 0 (left edge) and 1. */
  zoom(factor: number, anchor?: number): void {
    const timeline = shownTimeline(this.store.get());
    if (timeline !== null) this.store.set({ picture: zoomed(this.store.get().picture, timeline, factor, anchor) });
  }

  /** Moves to later by a fraction of what is in view. */
  pan(fraction: number): void {
    const timeline = shownTimeline(this.store.get());
    if (timeline !== null) this.store.set({ picture: panned(this.store.get().picture, timeline, fraction) });
  }

  /** Shows all of the picture. */
  zoomOut(): void {
    this.store.set({ picture: { ...this.store.get().picture, window: null } });
  }

  /** @param keyOf says which one is looked at, beside the run; null for none */
  private watch<Name extends keyof Values>(
    name: Name, keyOf: (state: State, run: RunSummary) => string | null, read: (run: RunSummary, state: State) => Promise<Values[Name]>,
  ): Watched<Values[Name]> {
    const get = (): State => this.store.get();
    const kept = (): Kept<Values[Name]> | null => get()[name] as Kept<Values[Name]> | null;
    return new Watched<Values[Name]>({
      key: () => {
        const { run, view } = get();
        const key = run === null || run.records === 0 || view.page !== 'run' ? null : keyOf(get(), run);
        return key === null ? null : `${run!.run} ${key}`;
      },
      version: () => (name !== 'hang' && get().view.to !== null ? 0 : get().run?.records ?? 0),
      read: () => read(get().run!, get()),
      kept,
      put: (next) => {
        const isOther = next !== null && next.key !== kept()?.key;
        this.store.set({ [name]: next });
        if (isOther && (name === 'story' || name === 'lanes')) this.zoomOut();
      },
    });
  }

  private async readStory({ run }: RunSummary, { view }: State): Promise<StoryInPicture> {
    const story = await this.api.thread(run, view.thread!, { limit: SEGMENTS, ...(view.to === null ? {} : { to: view.to }) });
    return { story, timeline: storyTimeline(story) };
  }

  private async readLanes({ run, records }: RunSummary, { view, laneRecords }: State): Promise<Lanes> {
    const last = Math.min(view.to ?? records, records);
    const rows = await readLanes(this.api, run, Math.max(1, last - laneRecords + 1), last);
    return lanesOf(rows, this.store.get().threads);
  }
}

/** Whether a run is asked who hangs in it though nobody looks. */
function isCheap({ state, records, recordsDroppedAt }: RunSummary): boolean {
  return state !== 'running' && records <= CHEAP_RECORDS && recordsDroppedAt === null;
}

/** The picture's content; null while there is none. */
export function shownTimeline({ view, story, lanes }: State): Timeline | null {
  return view.thread === null ? lanes?.value?.timeline ?? null : story?.value?.timeline ?? null;
}
