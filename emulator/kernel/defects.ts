// SPDX-License-Identifier: BSD-2-Clause
/**
 * Defects: historic faults of the reply protocol as named switches, at the places where released kernels differed.
 * With a defect on, the model shows what a user could observe before the fix.
 */
export interface Defect {
  readonly title: string;
  /** What a user could observe. */
  readonly shows: string;
  /** Commit or pull request that mended it. */
  readonly mendedBy: string;
  /** Rules that must find it, and the methods they name. */
  readonly rules: readonly string[];
  readonly methods: readonly string[];
}

export const DEFECTS = {
  'page-get-address': {
    title: 'Page_GetAddress loses its message info',
    shows: 'Call: MR0 holds the address but the tag is 0. Send: MR0 and a tag of length 1 are written, the badge register is not.',
    mendedBy: '4ce6cbe9e (seL4#243, seL4#846)',
    rules: ['K05', 'K09', 'N01'],
    methods: ['RISCVPageGetAddress'],
  },
  'sc-consumed': {
    title: 'SchedContext_Consumed loses its message info',
    shows: 'Call: MR0 holds the time but the tag is 0. Send: MR0 and a tag of length 1 are written, the badge register is not.',
    mendedBy: '90dafb2e7 (seL4#1435, seL4#1433)',
    rules: ['K05', 'K09', 'N01'],
    methods: ['SchedContextConsumed'],
  },
  'sc-yield-to': {
    title: 'SchedContext_YieldTo that completes at once loses its message info',
    shows: 'Call: MR0 holds the time but the tag is 0. Send: MR0 and a tag of length 1 are written, the badge register is not.',
    mendedBy: '90dafb2e7 (seL4#1435, seL4#1433)',
    rules: ['K05', 'K09', 'N01'],
    methods: ['SchedContextYieldTo'],
  },
} as const satisfies Record<string, Defect>;

export type DefectName = keyof typeof DEFECTS;

export const DEFECT_NAMES = Object.keys(DEFECTS) as DefectName[];

/** The defect of a name. Throws a RangeError that lists the names. */
export function defectNamed(name: string): DefectName {
  if (!(name in DEFECTS)) throw new RangeError(`no defect '${name}'; choose from ${DEFECT_NAMES.join(', ')}`);
  return name as DefectName;
}
