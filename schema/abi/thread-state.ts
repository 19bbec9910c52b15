// SPDX-License-Identifier: BSD-2-Clause
/** Thread states, the low four bits of a TCB's state word. The same numbers on MCS and classic kernels. */
export const THREAD_STATES = [
  'Inactive', 'Running', 'Restart', 'BlockedOnReceive', 'BlockedOnSend', 'BlockedOnReply', 'BlockedOnNotification', 'IdleThreadState',
] as const;
export type ThreadStateName = (typeof THREAD_STATES)[number];
export const STATE = Object.freeze(
  Object.fromEntries(THREAD_STATES.map((n, i) => [n, i])),
) as Readonly<Record<ThreadStateName, number>>;
