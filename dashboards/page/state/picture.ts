// SPDX-License-Identifier: BSD-2-Clause
/** Which part of a picture of thread states is in view, and how a person moves in it. */
import type { Axis, Timeline, Window } from './timeline.ts';
import { wholeOf } from './timeline.ts';

export interface Picture {
  /** Null for the one that shows more, as {@link axisOf} decides. */
  readonly axis: Axis | null;
  /** In what the axis counts then; null for all of it, as it grows. */
  readonly window: (Window & { readonly axis: Axis }) | null;
}

export const START_PICTURE: Picture = { axis: null, window: null };

/** Least width of a window: ns, or records. */
const LEAST: Readonly<Record<Axis, number>> = { time: 20, seq: 4 };

/** A span of the middle length that is shorter than this share of an average one cannot be seen to scale. */
const LEAST_SHARE = 0.001;

/** What the axis counts: virtual time, unless a few long spans would leave the others without width. */
export function axisOf({ axis }: Picture, timeline: Timeline): Axis {
  if (axis !== null) return axis;
  let fitting = FITTING.get(timeline);
  if (fitting === undefined) FITTING.set(timeline, (fitting = fittingAxis(timeline)));
  return fitting;
}

const FITTING = new WeakMap<Timeline, Axis>();

function fittingAxis({ lanes }: Timeline): Axis {
  const lengths = lanes.flatMap(({ spans }) => spans.map(({ from, to }) => to.time - from.time)).sort((a, b) => a - b);
  const average = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  return (lengths[lengths.length >> 1] ?? 0) < average * LEAST_SHARE ? 'seq' : 'time';
}

/** The part that a picture shows of a timeline. */
export function windowOf(picture: Picture, timeline: Timeline): Window {
  const { window } = picture;
  const axis = axisOf(picture, timeline);
  const whole = wholeOf(timeline, axis);
  return window === null || window.axis !== axis ? whole : within(window, whole);
}

/** A picture that shows `factor` times as much around `anchor`, a place between 0 (left edge) and 1. */
export function zoomed(picture: Picture, timeline: Timeline, factor: number, anchor = 0.5): Picture {
  const axis = axisOf(picture, timeline);
  const whole = wholeOf(timeline, axis);
  const { from, to } = windowOf(picture, timeline);
  const width = Math.max(Math.min(LEAST[axis], whole.to - whole.from), (to - from) * factor);
  if (width >= whole.to - whole.from) return { ...picture, window: null };
  const left = from + (to - from - width) * anchor;
  return { ...picture, window: { ...within({ from: left, to: left + width }, whole), axis } };
}

/** Moved to later by a fraction of what is in view. */
export function panned(picture: Picture, timeline: Timeline, fraction: number): Picture {
  if (picture.window === null) return picture;
  const { from, to } = windowOf(picture, timeline);
  const axis = axisOf(picture, timeline);
  const by = (to - from) * fraction;
  return { ...picture, window: { ...within({ from: from + by, to: to + by }, wholeOf(timeline, axis)), axis } };
}

/** Moves a window into the whole without changing its width where it fits. */
function within({ from, to }: Window, whole: Window): Window {
  const width = Math.min(to - from, whole.to - whole.from);
  const left = Math.max(whole.from, Math.min(whole.to - width, from));
  return { from: left, to: left + width };
}

/** A mark of the axis. */
export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** Marks at round numbers, at most one for each `apart` pixels. */
export function ticksOf(axis: Axis, window: Window, width: number, apart: number): Tick[] {
  const least = ((window.to - window.from) * apart) / Math.max(width, 1);
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const step = [1, 2, 5, 10].map((n) => n * power).find((each) => each >= least)!;
  const ticks: Tick[] = [];
  for (let at = Math.ceil(window.from / step) * step; at <= window.to; at += step) ticks.push({ at, text: axis === 'time' ? seconds(at, step) : `#${at}` });
  return ticks;
}

/** Seconds with the decimals that tell steps apart, in groups of three. */
function seconds(ns: number, step: number): string {
  const groups = step >= 1e9 ? 0 : step >= 1e6 ? 1 : step >= 1e3 ? 2 : 3;
  const whole = Math.floor(ns / 1e9);
  const decimals = String(Math.round(ns - whole * 1e9)).padStart(9, '0');
  const shown = [0, 3, 6].slice(0, groups).map((first) => decimals.slice(first, first + 3));
  return groups === 0 ? String(whole) : `${whole}.${shown.join(' ')}`;
}
