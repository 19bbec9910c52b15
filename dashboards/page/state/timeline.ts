// SPDX-License-Identifier: BSD-2-Clause
/** Thread states over time as a picture: lanes of spans, arrows between them, and where all of it comes to stand. No DOM. */
import type { StateSegment, SubjectRef } from '../../../schema/api/index.ts';

export type StateText = StateSegment['state'];

/** A moment of a run: virtual time, ns, and the record in which it lies. */
export interface Point {
  readonly time: number;
  readonly seq: number;
}

/** What the horizontal axis counts. Records stand side by side where virtual time jumps. */
export type Axis = keyof Point;

/** A time in one state. */
export interface Span {
  readonly state: StateText;
  readonly from: Point;
  readonly to: Point;
  /** Who began it by what, for people; empty when the trace does not say. */
  readonly cause: string;
}

export interface Stretch {
  readonly from: Point;
  readonly to: Point;
}

export interface Lane {
  readonly thread: SubjectRef;
  /** In order, without overlaps. Empty when only what the thread did to others is known. */
  readonly spans: readonly Span[];
  /** When it had the processor; empty when not known. */
  readonly ran: readonly Stretch[];
}

/** One thread gave another something, or changed its state. */
export interface Arrow {
  readonly at: Point;
  /** Thread ids. */
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

export interface Timeline {
  readonly lanes: readonly Lane[];
  /** In order. */
  readonly arrows: readonly Arrow[];
  readonly start: Point;
  readonly end: Point;
}

/** A part of the axis. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export function wholeOf({ start, end }: Timeline, axis: Axis): Window {
  return { from: start[axis], to: Math.max(end[axis], start[axis] + 1) };
}

/** A rectangle of the picture in pixels from its left edge. `spans` of them fell together where one is less than a pixel wide; the state is the longest one's. */
export interface Piece {
  readonly x: number;
  readonly width: number;
  readonly state: StateText;
  readonly spans: number;
}

/** Spans as rectangles, at most two for each pixel however many spans there are. */
export function piecesOf(spans: readonly Span[], axis: Axis, window: Window, width: number): Piece[] {
  const scale = width / (window.to - window.from);
  const pieces: Piece[] = [];
  const crowd = new Crowd(pieces);
  for (let i = firstAfter(spans, axis, window.from); i < spans.length; i++) {
    const span = spans[i]!;
    const from = Math.max(0, (span.from[axis] - window.from) * scale);
    const to = Math.min(width, (span.to[axis] - window.from) * scale);
    if (from >= width) break;
    if (to - from >= 1) {
      crowd.leave();
      pieces.push({ x: from, width: to - from, state: span.state, spans: 1 });
    } else crowd.add(Math.floor(from), span.state, to - from);
  }
  crowd.leave();
  return pieces;
}

/** Spans that share a pixel. */
class Crowd {
  private readonly pieces: Piece[];
  private readonly weights = new Map<StateText, number>();
  private column = -1;
  private spans = 0;

  constructor(pieces: Piece[]) {
    this.pieces = pieces;
  }

  add(column: number, state: StateText, weight: number): void {
    if (column !== this.column) this.leave();
    this.column = column;
    this.spans++;
    this.weights.set(state, (this.weights.get(state) ?? 0) + Math.max(weight, 1e-9));
  }

  leave(): void {
    if (this.spans === 0) return;
    const [state] = [...this.weights].reduce((most, each) => (each[1] > most[1] ? each : most));
    this.pieces.push({ x: this.column, width: 1, state, spans: this.spans });
    this.weights.clear();
    this.spans = 0;
  }
}

/** Span at a place of the axis, or undefined where nothing is known. */
export function spanAt(spans: readonly Span[], axis: Axis, at: number): Span | undefined {
  const span = spans[firstAfter(spans, axis, at)];
  return span !== undefined && span.from[axis] <= at ? span : undefined;
}

/** Index of the first span that ends after a place. */
function firstAfter(spans: readonly Span[], axis: Axis, at: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.to[axis] > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Arrows that stand at least `gap` pixels apart, for each pair of lanes; those of threads without a lane are left out. */
export function thinned(timeline: Timeline, axis: Axis, window: Window, width: number, gap: number): { readonly x: number; readonly arrow: Arrow }[] {
  const scale = width / (window.to - window.from);
  const lanes = new Set(timeline.lanes.map(({ thread }) => thread.id));
  const last = new Map<string, number>();
  const shown: { x: number; arrow: Arrow }[] = [];
  for (const arrow of timeline.arrows) {
    const x = (arrow.at[axis] - window.from) * scale;
    if (x < 0 || x > width || !lanes.has(arrow.from) || !lanes.has(arrow.to)) continue;
    const pair = `${arrow.from} ${arrow.to}`;
    if (x - (last.get(pair) ?? -Infinity) < gap) continue;
    last.set(pair, x);
    shown.push({ x, arrow });
  }
  return shown;
}
