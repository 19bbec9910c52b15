// SPDX-License-Identifier: BSD-2-Clause
/**
 * Error labels of kernel replies and the payload each carries.
 * Source: manual, "Errors"; `seL4_Error` and `seL4_LookupFailureType` of libsel4; words as observed on riscv64.
 */
export const ERRORS = [
  'NoError', 'InvalidArgument', 'InvalidCapability', 'IllegalOperation', 'RangeError', 'AlignmentError',
  'FailedLookup', 'TruncatedMessage', 'DeleteFirst', 'RevokeFirst', 'NotEnoughMemory',
] as const;
export type ErrorName = (typeof ERRORS)[number];

/** Label of each error; 0 is success. */
export const ERROR = Object.freeze(Object.fromEntries(ERRORS.map((n, i) => [n, i]))) as Readonly<Record<ErrorName, number>>;

export const LAST_ERROR = ERROR.NotEnoughMemory;

/** Payload words by error label; FailedLookup depends on its lookup failure type, see {@link LOOKUP_FAILURE_LENGTH}. */
export const ERROR_PAYLOAD_LENGTH: readonly number[] = [0, 1, 1, 0, 2, 0, -1, 0, 0, 0, 1];

export const LOOKUP_FAILURES = ['NoFailure', 'InvalidRoot', 'MissingCapability', 'DepthMismatch', 'GuardMismatch'] as const;
export type LookupFailureName = (typeof LOOKUP_FAILURES)[number];
export const LOOKUP = Object.freeze(
  Object.fromEntries(LOOKUP_FAILURES.map((n, i) => [n, i])),
) as Readonly<Record<LookupFailureName, number>>;

/** Reply length of FailedLookup by lookup failure type; GuardMismatch says 4 when the caller has no rw buffer. */
export const LOOKUP_FAILURE_LENGTH: readonly number[] = [-1, 2, 3, 4, 5];
