// SPDX-License-Identifier: BSD-2-Clause
/** The token of whoever uses the page, for as long as the browser's tab is open. */
const KEY = 'sel4scope-token';

export class KeptToken {
  private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;
  private token: string | undefined;

  /** @param storage null where the browser gives none: the token is kept until the page is left */
  constructor(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null) {
    this.storage = storage;
    this.token = storage?.getItem(KEY) ?? undefined;
  }

  get(): string | undefined {
    return this.token;
  }

  set(token: string): void {
    this.token = token;
    this.storage?.setItem(KEY, token);
  }

  clear(): void {
    this.token = undefined;
    this.storage?.removeItem(KEY);
  }
}
