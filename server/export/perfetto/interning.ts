// SPDX-License-Identifier: BSD-2-Clause
import { ProtoMessage } from './proto-writer.ts';
import { INTERNED_NAME } from './fields.ts';

/** Names that are written once and then used by number. Numbers begin with 1. */
export class Interning {
  private readonly numbers = new Map<string, number>();
  private readonly field: number;
  private readonly entry = new ProtoMessage();

  /** @param field of InternedData */
  constructor(field: number) {
    this.field = field;
  }

  /** The number of a name; a new one is announced in `announced`. */
  of(name: string, announced: ProtoMessage): number {
    let number = this.numbers.get(name);
    if (number === undefined) {
      this.numbers.set(name, (number = this.numbers.size + 1));
      this.entry.uint(INTERNED_NAME.iid, number);
      this.entry.text(INTERNED_NAME.name, name);
      announced.message(this.field, this.entry);
    }
    return number;
  }
}
