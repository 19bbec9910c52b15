// SPDX-License-Identifier: BSD-2-Clause
/** Thread states over time: a lane for each thread, arrows where one did something to another. Zoomed and moved by keys, buttons, wheel and dragging. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { count, duration, stateWords, virtualTime } from '../../format.ts';
import { useSelect, useSession } from '../../session-context.ts';
import { axisOf, ticksOf, windowOf } from '../../state/picture.ts';
import { piecesOf, spanAt, thinned, type Axis, type Lane, type StateText, type Timeline, type Window } from '../../state/timeline.ts';
import { ThreadLink } from '../links.tsx';
import { PictureTools } from './picture-tools.tsx';
import { STATE_HEIGHTS } from './state-mark.tsx';

const LANE_HEIGHT = 28;
const BAR_HEIGHT = 18;
const AXIS_HEIGHT = 20;
/** Pixels between two marks of the axis, and between two arrows of the same threads, at least. */
const TICKS_APART = 105;
const ARROWS_APART = 7;
/** More arrows than this hide the lanes: only those of the thread under the pointer are drawn. */
const MOST_ARROWS = 120;
/** How near to an arrow the pointer means it, pixels. */
const NEAR = 4;
/** A pointer that moved less than this has clicked. */
const CLICK = 3;

export function Picture({ timeline, label }: { timeline: Timeline; label: string }): JSX.Element {
  const session = useSession();
  const picture = useSelect((state) => state.picture);
  const open = useSelect((state) => state.record?.value?.row ?? null);
  const area = useRef<HTMLDivElement>(null);
  const drag = useRef<{ last: number; moved: number } | null>(null);
  const [width, setWidth] = useState(0);
  const [pointer, setPointer] = useState<{ x: number; lane: number } | null>(null);
  const axis = axisOf(picture, timeline);
  const window = windowOf(picture, timeline);
  const height = timeline.lanes.length * LANE_HEIGHT;
  const names = new Map<string, number>();
  for (const { thread } of timeline.lanes) names.set(thread.name, (names.get(thread.name) ?? 0) + 1);
  const toX = (at: number): number => ((at - window.from) / (window.to - window.from)) * width;
  const toAxis = (x: number): number => window.from + (x / Math.max(width, 1)) * (window.to - window.from);

  useLayoutEffect(() => {
    const element = area.current!;
    const measure = (): void => setWidth(element.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = area.current!;
    const onWheel = (event: WheelEvent): void => {
      if (event.ctrlKey) session.threads.zoom(1.002 ** event.deltaY, (event.clientX - element.getBoundingClientRect().left) / element.clientWidth);
      else if (event.deltaX !== 0) session.threads.pan(event.deltaX / element.clientWidth);
      else return;
      event.preventDefault();
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [session]);

  const placeOf = (event: PointerEvent): { x: number; lane: number } => {
    const box = area.current!.getBoundingClientRect();
    return { x: event.clientX - box.left, lane: Math.floor((event.clientY - box.top - AXIS_HEIGHT) / LANE_HEIGHT) };
  };
  const onMove = (event: PointerEvent): void => {
    const place = placeOf(event);
    setPointer(place);
    if (drag.current === null) return;
    const by = drag.current.last - place.x;
    drag.current = { last: place.x, moved: drag.current.moved + Math.abs(by) };
    if (drag.current.moved >= CLICK) session.threads.pan(by / Math.max(width, 1));
  };
  const onUp = (event: PointerEvent): void => {
    const { x, lane } = placeOf(event);
    const clicked = drag.current !== null && drag.current.moved < CLICK;
    drag.current = null;
    const span = spanAt(timeline.lanes[lane]?.spans ?? [], axis, toAxis(x));
    const arrow = arrows.find((each) => Math.abs(each.x - x) <= NEAR);
    const seq = arrow?.arrow.at.seq ?? span?.from.seq ?? 0;
    if (clicked && seq > 0) session.openRecord(seq);
  };

  const all = thinned(timeline, axis, window, width, ARROWS_APART);
  const pointed = timeline.lanes[pointer?.lane ?? -1]?.thread.id;
  const arrows = all.length <= MOST_ARROWS ? all : some(all.filter(({ arrow }) => arrow.from === pointed || arrow.to === pointed));
  return (
    <figure class="picture">
      <PictureTools states={statesOf(timeline)} axis={axis} />
      <div class="picture-body" tabIndex={0} role="group" aria-label={`${label}: plus and minus zoom, left and right move, 0 shows all`}>
        <ol class="picture-labels">
          {timeline.lanes.map(({ thread }) => <li key={thread.id}><ThreadLink thread={thread} />{names.get(thread.name)! > 1 && <span class="faint"> {thread.id}</span>}</li>)}
        </ol>
        <div class="picture-area" ref={area} onPointerMove={onMove} onPointerLeave={() => setPointer(null)} onPointerUp={onUp}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            drag.current = { last: placeOf(event).x, moved: 0 };
          }}>
          <svg width={width} height={height + AXIS_HEIGHT} role="img" aria-label={label}>
            {ticksOf(axis, window, width, TICKS_APART).map(({ at, text }) => (
              <g key={at} class="picture-tick"><path d={`M${toX(at).toFixed(1)} ${AXIS_HEIGHT}V${height + AXIS_HEIGHT}`} /><text x={toX(at) + 4} y={13}>{text}</text></g>
            ))}
            {width > 0 && timeline.lanes.map((lane, i) => <LaneBars key={lane.thread.id} lane={lane} top={AXIS_HEIGHT + i * LANE_HEIGHT} axis={axis} window={window} width={width} />)}
            <path class="picture-arrows" d={arrows.map(({ x, arrow }) => arrowPath(x, laneOf(timeline, arrow.from), laneOf(timeline, arrow.to))).join('')} />
            {open !== null && open[axis] >= window.from && open[axis] <= window.to && <path class="picture-open" d={`M${toX(open[axis]).toFixed(1)} ${AXIS_HEIGHT - 4}V${height + AXIS_HEIGHT}`} />}
            {pointer !== null && <path class="picture-pointer" d={`M${pointer.x.toFixed(1)} ${AXIS_HEIGHT}V${height + AXIS_HEIGHT}`} />}
          </svg>
        </div>
      </div>
      <figcaption class="picture-readout">{pointer === null ? <Hint crowded={all.length > MOST_ARROWS} /> : <Readout timeline={timeline} axis={axis} at={toAxis(pointer.x)} lane={pointer.lane} arrow={arrows.find((each) => Math.abs(each.x - pointer.x) <= NEAR)?.arrow} />}</figcaption>
    </figure>
  );
}

function LaneBars({ lane, top, axis, window, width }: { lane: Lane; top: number; axis: Axis; window: Window; width: number }): JSX.Element {
  const bottom = top + (LANE_HEIGHT + BAR_HEIGHT) / 2;
  const paths = new Map<StateText, string>();
  for (const { x, width: wide, state } of piecesOf(lane.spans, axis, window, width)) {
    const height = BAR_HEIGHT * STATE_HEIGHTS[state];
    paths.set(state, `${paths.get(state) ?? ''}M${x.toFixed(1)} ${bottom}v${-height}h${Math.max(wide, 1).toFixed(1)}v${height}z`);
  }
  const ran = piecesOf(lane.ran.map((stretch) => ({ ...stretch, state: 'Running', cause: '' })), axis, window, width);
  return (
    <g>
      <path class="picture-base" d={`M0 ${bottom + 0.5}H${width}`} />
      {[...paths].map(([state, d]) => <path key={state} class={`st-${state}`} d={d} />)}
      {ran.length > 0 && <path class="picture-ran" d={ran.map((piece) => `M${piece.x.toFixed(1)} ${bottom + 1}h${Math.max(piece.width, 1).toFixed(1)}v3h${-Math.max(piece.width, 1)}z`).join('')} />}
    </g>
  );
}

/** From lane to lane, ending in a head. */
function arrowPath(x: number, from: number, to: number): string {
  const [down, start, end] = [to > from, centre(from), centre(to)];
  return `M${x.toFixed(1)} ${start}V${end}m-3 ${down ? -5 : 5}l3 ${down ? 5 : -5}l3 ${down ? -5 : 5}`;
}

function centre(lane: number): number {
  return AXIS_HEIGHT + (lane + 0.5) * LANE_HEIGHT;
}

/** Of too many, every so-manieth. */
function some<T>(all: readonly T[]): readonly T[] {
  const step = Math.ceil(all.length / MOST_ARROWS);
  return step <= 1 ? all : all.filter((_, i) => i % step === 0);
}

function laneOf({ lanes }: Timeline, thread: number): number {
  return lanes.findIndex((lane) => lane.thread.id === thread);
}

function statesOf({ lanes }: Timeline): StateText[] {
  return [...new Set(lanes.flatMap(({ spans }) => spans.map(({ state }) => state)))];
}

function Hint({ crowded }: { crowded: boolean }): JSX.Element {
  return <span class="faint">Drag to move, Ctrl and the wheel to zoom. A click opens the record that began what is under the pointer.{crowded && ' Arrows are those of the thread under the pointer.'}</span>;
}

/** What is under the pointer, in words. */
function Readout({ timeline, axis, at, lane, arrow }: { timeline: Timeline; axis: Axis; at: number; lane: number; arrow: Timeline['arrows'][number] | undefined }): JSX.Element {
  const shown = timeline.lanes[lane];
  const span = shown === undefined ? undefined : spanAt(shown.spans, axis, at);
  const nameOf = (id: number): string => timeline.lanes.find(({ thread }) => thread.id === id)?.thread.name ?? '';
  return (
    <>
      <span class="mono">{axis === 'time' ? `${virtualTime(Math.round(at))} s` : `#${count(Math.floor(at))}`}</span>
      {arrow !== undefined && <span><b>{nameOf(arrow.from)} → {nameOf(arrow.to)}</b> {arrow.what} <span class="mono">#{count(arrow.at.seq)}</span></span>}
      {arrow === undefined && shown !== undefined && span !== undefined && (
        <span>
          <b>{shown.thread.name}</b> {stateWords(span.state)} for {duration(span.to.time - span.from.time)}, from <span class="mono">#{count(span.from.seq)}</span>{span.cause !== '' && ` (${span.cause})`}
        </span>
      )}
    </>
  );
}
