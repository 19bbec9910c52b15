// SPDX-License-Identifier: BSD-2-Clause
/** Bounds of what producers may send, and how much the worker commits at once. */

/** Largest frame that a producer may send. A full batch of usual records takes about a quarter of it. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** Batches of one connection that may be under way: enough to fill two commits. */
export const WINDOW = 32;

/** A commit takes this many frames, or whatever came in {@link COMMIT_MS}. */
export const COMMIT_FRAMES = 16;
export const COMMIT_MS = 50;

/** Rows of one fingerprint in one run; more of the same are counted only. */
export const KEPT_PER_FINGERPRINT = 10_000;

/** After this many records the knowledge of the rules is stored, so that a restart replays no more than about that. */
export const RULE_STATE_INTERVAL = 65_536;

/** Records between two checkpoints of what is known of a run's threads; more, once a checkpoint takes more bytes than that. */
export const THREAD_CHECKPOINT_INTERVAL = 65_536;

/** Newest records and anomalies of one commit that the live feed gets; it counts the others. */
export const LIVE_ROWS = 256;
