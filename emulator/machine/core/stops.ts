// SPDX-License-Identifier: BSD-2-Clause
import type { Stop } from '../hart/hart.ts';

/** Why the core returned, by the number that it returns. */
export const STOPS: readonly Stop[] = Object.freeze([
  'budget', 'waiting', 'storeLog', 'supervisorCall', 'userTrap', 'userReturn', 'breakpoint', 'ownTrap', 'device',
]);
