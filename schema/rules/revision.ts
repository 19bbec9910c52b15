// SPDX-License-Identifier: BSD-2-Clause
/** Which rules these are. A test compares the digest with the sources, and says what to do when they differ. */

/** Changes whenever a rule may judge a record otherwise than before: runs remember which revision judged them. */
export const RULES_REVISION = '1';

/** Digest of the sources of the rules, without comments, types and white space. */
export const RULES_DIGEST = '06010ff9396794bd';
