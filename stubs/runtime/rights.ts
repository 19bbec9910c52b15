// SPDX-License-Identifier: BSD-2-Clause
import { RIGHTS, VM_ATTRIBUTES } from '../../schema/abi/objects.ts';
import type { WordLike } from '../../schema/abi/word.ts';
import { putWord } from './marshal.ts';

/** Which rights a capability has; a right that is left out is not granted. */
export interface RightsOptions {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly grant?: boolean;
  readonly grantReply?: boolean;
}

/** Capability rights (`seL4_CapRights_t`), e.g. `CapRights.of({ read: true, grantReply: true })`. */
export class CapRights {
  static readonly none = new CapRights(0);
  static readonly read = new CapRights(RIGHTS.read);
  static readonly write = new CapRights(RIGHTS.write);
  static readonly readWrite = new CapRights(RIGHTS.read | RIGHTS.write);
  static readonly all = new CapRights(RIGHTS.all);

  /** The rights word: bit 0 write, 1 read, 2 grant, 3 grantReply. */
  readonly word: number;

  private constructor(word: number) {
    this.word = word;
  }

  static of(options: RightsOptions): CapRights {
    return new CapRights(
      (options.write ? RIGHTS.write : 0) | (options.read ? RIGHTS.read : 0)
      | (options.grant ? RIGHTS.grant : 0) | (options.grantReply ? RIGHTS.grantReply : 0),
    );
  }
}

/** Frame attributes (`seL4_RISCV_VMAttributes`): `default` or `executeNever`. */
export const VMAttributes = VM_ATTRIBUTES;

/** Writes rights, given as {@link CapRights} or as the raw word. */
export function putRights(lanes: Uint32Array, at: number, rights: CapRights | WordLike, what: string): void {
  putWord(lanes, at, rights instanceof CapRights ? rights.word : rights, what);
}
