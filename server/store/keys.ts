// SPDX-License-Identifier: BSD-2-Clause

/** What a key row of a chunk counts: records with this invoking thread, activity (activity.ts) or outcome. */
export const KEY = Object.freeze({ thread: 1, activity: 2, outcome: 3 });
