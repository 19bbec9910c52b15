// SPDX-License-Identifier: BSD-2-Clause
/** Where the words of a message travel, and whether the kernel really wrote them. */
import { IPC_BUFFER } from '../../schema/abi/ipc-buffer.ts';
import { MESSAGE_REGISTERS, RISCV64_SLOTS, ROLE } from '../../schema/abi/registers.ts';
import type { DeliveryDetail } from '../../schema/api/index.ts';

export interface DeliveredWord {
  readonly hex: string;
  /** Register name, or word of the IPC buffer. */
  readonly home: string;
  readonly written: boolean;
  /** The length in the tag does not cover it. */
  readonly beyond: boolean;
}

/** The words of a delivery as they stand after the trap. */
export function deliveredWords({ words, tag, writtenRegisters, writtenBufferWords }: DeliveryDetail): DeliveredWord[] {
  return words.map((hex, index) => {
    const beyond = index >= tag.length;
    const register = RISCV64_SLOTS[ROLE.mr0 + index];
    if (index < MESSAGE_REGISTERS && register !== undefined) return { hex, home: register, written: writtenRegisters.includes(register), beyond };
    const word = IPC_BUFFER.msg + index;
    return { hex, home: `buffer ${word}`, written: writtenBufferWords.includes(word), beyond };
  });
}
