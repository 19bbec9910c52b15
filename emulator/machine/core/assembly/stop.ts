// SPDX-License-Identifier: BSD-2-Clause
/** A wish to return to the host, and why: the first one of an instruction counts. */

const GO_ON: i32 = -1;

let wanted: i32 = GO_ON;

export function wantStop(reason: i32): void {
  if (wanted == GO_ON) wanted = reason;
}

@inline export function stopWanted(): bool {
  return wanted != GO_ON;
}

/** The reason, which is forgotten. */
export function takeStop(): i32 {
  const reason = wanted;
  wanted = GO_ON;
  return reason;
}
