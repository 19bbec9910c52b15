// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useSelect, useSession } from '../../session-context.ts';
import type { Axis, StateText } from '../../state/timeline.ts';
import { ThreadStateMark } from './state-mark.tsx';

const ZOOM = 1.6;

/** Legend of a picture, its axis, and buttons for what keys do. */
export function PictureTools({ states, axis }: { states: readonly StateText[]; axis: Axis }): JSX.Element {
  const session = useSession();
  const window = useSelect((state) => state.picture.window);
  const { threads } = session;
  const choice = (name: Axis, text: string, title: string): JSX.Element => (
    <button type="button" aria-pressed={axis === name} title={title} onClick={() => threads.setAxis(name)}>{text}</button>
  );
  return (
    <div class="picture-tools">
      <ul class="legend" aria-label="Thread states">{states.map((state) => <li key={state}><ThreadStateMark state={state} /></li>)}</ul>
      <div class="picture-choices">
        <div class="choice" role="group" aria-label="Axis">
          {choice('time', 'Time', 'to scale in virtual time')}
          {choice('seq', 'Records', 'every record as wide as any other, wherever virtual time jumps')}
        </div>
        <div class="choice" role="group" aria-label="Zoom">
          <button type="button" aria-label="zoom out" title="zoom out (−)" disabled={window === null} onClick={() => threads.zoom(ZOOM)}>−</button>
          <button type="button" title="all of it (0)" disabled={window === null} onClick={() => threads.zoomOut()}>All</button>
          <button type="button" aria-label="zoom in" title="zoom in (+)" onClick={() => threads.zoom(1 / ZOOM)}>+</button>
        </div>
      </div>
    </div>
  );
}
