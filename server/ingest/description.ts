// SPDX-License-Identifier: BSD-2-Clause
/** What a run may say of itself, however it comes in. */
import { LATEST_RUN, RUN_ID_PATTERN } from '../../schema/api/index.ts';
import { MOST_TAGS, TAG_PATTERN, type RunDescription } from '../../schema/trace/names.ts';

const RUN_ID = new RegExp(RUN_ID_PATTERN);
const TAG = new RegExp(TAG_PATTERN);

/** What is wrong with a description, or undefined. */
export function descriptionProblem(run: RunDescription): string | undefined {
  if (!RUN_ID.test(run.id) || run.id === LATEST_RUN) {
    return `run id ${JSON.stringify(run.id)} is not allowed: 1 to 128 letters, digits, dots, colons, underscores and hyphens, not "${LATEST_RUN}"`;
  }
  const texts = [run.program, run.kernelVersion, run.release, run.build, run.machine, run.commit, ...run.defects];
  if (texts.length > 256 || texts.some((text) => text.length > 4096)) {
    return 'the description of the run is too long: at most 4096 characters a text, and 250 defects';
  }
  const badTag = run.tags.find((tag) => !TAG.test(tag));
  if (badTag !== undefined) return `tag ${JSON.stringify(badTag)} is not allowed: 1 to 64 letters, digits and .:/_-, the first a letter or digit`;
  return run.tags.length > MOST_TAGS ? `${run.tags.length} tags; a run has at most ${MOST_TAGS}` : undefined;
}

/** Whether two descriptions are of one run. Tags may have changed since it began. */
export function sameDescription(a: RunDescription, b: RunDescription): boolean {
  return a.id === b.id && a.program === b.program && a.kernel === b.kernel && a.kernelVersion === b.kernelVersion && a.configuration === b.configuration
    && a.seed === b.seed && a.release === b.release && a.build === b.build && a.machine === b.machine && a.commit === b.commit
    && a.defects.length === b.defects.length && a.defects.every((defect, i) => defect === b.defects[i]);
}
