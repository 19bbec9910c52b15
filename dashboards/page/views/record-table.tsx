// SPDX-License-Identifier: BSD-2-Clause
/**
 * The table of records. Only the rows in view exist in the document: they stand in a layer that does not scroll, and
 * the scroll bar says which rows the layer shows. So the number of records does not matter to the browser.
 */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import { plural } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { isFiltering, NO_FILTER } from '../state/filter.ts';
import { ScrollMap } from '../state/scroll-map.ts';
import { Message } from './empty-state.tsx';
import { RecordRowView, rowId } from './record-row.tsx';

const ROW_HEIGHT = 22;
/** A row that is at most this far out of view is scrolled to; another is brought to the middle. */
const NEAR = 3;

export function RecordTable(): JSX.Element {
  const session = useSession();
  const source = useSelect((state) => state.source);
  const follow = useSelect((state) => state.view.follow);
  const cursor = useSelect((state) => state.cursor);
  const reveal = useSelect((state) => state.reveal);
  const threads = useSelect((state) => state.threads);
  useSelect((state) => state.revision);

  const scroller = useRef<HTMLDivElement>(null);
  const [{ height, bar }, setSize] = useState({ height: 0, bar: 0 });
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  /** First row in view as an index of the source, with a fraction; and where the bar was put for it. */
  const place = useRef({ top: 0, scroll: 0, visible: 0 });
  const revealed = useRef<typeof reveal>(null);

  const first = source?.first ?? 0;
  const end = source?.end ?? 0;
  const map = new ScrollMap(end - first, ROW_HEIGHT, height);
  const visible = height / ROW_HEIGHT;
  if (follow) place.current.top = first + map.maxTop;
  else if (reveal !== null && source !== null && height > 0) {
    const index = source.indexOf(reveal.seq);
    // A row that was in view stays in view when the table becomes lower.
    const pushedOut = visible < place.current.visible && isIn(index, place.current.top, place.current.visible);
    if (reveal !== revealed.current || pushedOut) place.current.top = towards(index, place.current.top, visible);
    revealed.current = reveal;
  }
  place.current.visible = visible;
  place.current.top = Math.max(first, Math.min(first + map.maxTop, place.current.top));
  const { top } = place.current;
  const from = Math.floor(top);
  const to = Math.min(end, Math.ceil(top + visible) + 1);

  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = (): void => setSize({ height: element.clientHeight, bar: element.offsetWidth - element.clientWidth });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = scroller.current!;
    const wanted = map.toScroll(top - first);
    if (Math.abs(element.scrollTop - wanted) >= 1) element.scrollTop = wanted;
    place.current.scroll = element.scrollTop;
  });

  useEffect(() => source?.want(from, to));

  const moveTo = (rows: number): void => {
    if (follow && rows < top) session.pause();
    place.current.top = rows;
    redraw(undefined);
  };

  useEffect(() => {
    const element = scroller.current!;
    const onWheel = (event: WheelEvent): void => {
      if (map.exact || event.ctrlKey) return;
      // One pixel of so long a bar is many rows: move by the rows that the wheel means.
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * ROW_HEIGHT : event.deltaY;
      moveTo(place.current.top + pixels / ROW_HEIGHT);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });

  const onScroll = (): void => {
    const { scrollTop } = scroller.current!;
    if (Math.abs(scrollTop - place.current.scroll) < 1) return;
    place.current.scroll = scrollTop;
    moveTo(first + map.toTop(scrollTop));
  };

  const rows: JSX.Element[] = [];
  for (let index = from; index < to; index++) {
    const seq = source!.seqAt(index);
    rows.push(<RecordRowView index={index - first} seq={seq} row={source!.at(index)} threads={threads} selected={seq !== null && seq === cursor} onOpen={(seq) => session.openRecord(seq)} />);
  }

  return (
    <div class="record-table" role="grid" aria-label="Records" aria-rowcount={end - first + 1} tabIndex={0}
      aria-activedescendant={cursor !== null ? rowId(cursor) : undefined}>
      <div class="row head" role="row" aria-rowindex={1} style={{ marginRight: `${bar}px` }}>
        {COLUMNS.map((column) => <span key={column} role="columnheader" class={`cell-${column.split(' ')[0]!.toLowerCase().replace('#', 'seq')}`}>{column}</span>)}
      </div>
      <div class="scroller" ref={scroller} role="rowgroup" tabIndex={-1} onScroll={onScroll}>
        <div class="extent" style={{ height: `${map.contentHeight}px` }} role="presentation">
          <div class="layer" role="presentation" style={{ transform: `translateY(${-((top - from) * ROW_HEIGHT).toFixed(2)}px)` }}>{rows}</div>
        </div>
        {end === first && <NoRows />}
      </div>
    </div>
  );
}

const COLUMNS = ['#', 'Time, s', 'Thread', 'System call', 'Invoked', 'Outcome', 'Reply', 'Anomalies'];

function NoRows(): JSX.Element | null {
  const session = useSession();
  const run = useSelect((state) => state.run);
  const source = useSelect((state) => state.source);
  const filtering = useSelect((state) => isFiltering(state.view.filter));
  if (source === null || run === null || source.activity !== '' || source.problem !== '') return null;
  if (!filtering) return <Message title="No records yet"><p>They appear here as the program makes system calls.</p></Message>;
  return (
    <Message title="No record matches">
      <p>Searched all {plural(run.records, 'record')} of the run.</p>
      <button type="button" onClick={() => session.setFilter(NO_FILTER)}>Clear the filter</button>
    </Message>
  );
}

function isIn(index: number, top: number, visible: number): boolean {
  return index >= top && index + 1 <= top + visible;
}

/** First row in view that brings `index` into sight. */
function towards(index: number, top: number, visible: number): number {
  if (isIn(index, top, visible)) return top;
  if (index < top && index >= top - NEAR) return index;
  if (index >= top && index + 1 <= top + visible + NEAR) return index + 1 - visible;
  return index - Math.floor(visible / 2);
}
