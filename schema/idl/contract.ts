// SPDX-License-Identifier: BSD-2-Clause
/** The reply contract of a method: its out-parameters, and what the interface files cannot say. */
import { ERROR } from '../abi/errors.ts';
import type { DocumentedError, ReplyContract } from './model.ts';

type Exception = Partial<Pick<ReplyContract, 'length' | 'mayComeLater'>>;

/** Replies that do not follow from the out-parameters, by invocation. */
const EXCEPTIONS: Readonly<Record<string, Exception>> = {
  // Manual, "seL4_TCB_ReadRegisters": the first `count` registers are read, and only they are returned.
  TCBReadRegisters: { length: 'count' },
  // Manual, "Scheduling Contexts": a caller that makes room for its target gets the consumed time when it runs again;
  // the system call itself has then been answered with an empty success (observed on riscv64).
  SchedContextYieldTo: { mayComeLater: true },
};

/** @param outWords words of the packed out-parameters */
export function replyContract(id: string, outWords: number, errors: readonly DocumentedError[]): ReplyContract {
  const exception = EXCEPTIONS[id];
  return {
    outWords,
    length: exception?.length ?? 'fixed',
    mayComeLater: exception?.mayComeLater ?? false,
    errors: new Set(errors.map((e) => ERROR[e.error])),
  };
}
