// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { stateWords } from '../../format.ts';
import type { StateText } from '../../state/timeline.ts';

/** Part of a lane's height: threads that can run stand tall, those that wait half, those that rest low. So a picture can be read without colours. */
export const STATE_HEIGHTS: Readonly<Record<StateText, number>> = {
  Running: 1, Restart: 0.8, BlockedOnReceive: 0.5, BlockedOnNotification: 0.5, BlockedOnSend: 0.62, BlockedOnReply: 0.62, Inactive: 0.16, IdleThreadState: 0.16, unknown: 0.3,
};

/** A thread state in the colour and height that it has in pictures. */
export function ThreadStateMark({ state, note = '' }: { state: StateText; note?: string }): JSX.Element {
  const height = 12 * STATE_HEIGHTS[state];
  return (
    <span class="thread-state">
      <svg viewBox="0 0 12 12" aria-hidden="true"><rect class={`st-${state}`} x="0" width="12" y={12 - height} height={height} /></svg>
      {stateWords(state)}{note !== '' && <span class="dim"> {note}</span>}
    </span>
  );
}
