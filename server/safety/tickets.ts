// SPDX-License-Identifier: BSD-2-Clause
/**
 * Tickets let a page open a WebSocket, for which browsers send no Authorization header, without its token in an address.
 * A ticket is good once, for half a minute, and for reading only.
 */
import { randomBytes } from 'node:crypto';
import type { Caller } from '../access.ts';

const TICKET_BYTES = 24;
/** ms. */
export const TICKET_LIFE = 30_000;
/** Tickets that wait to be used; more push out the oldest. */
const MOST_TICKETS = 1024;

export class Tickets {
  private readonly now: () => number;
  private readonly issued = new Map<string, { readonly caller: Caller; readonly until: number }>();

  /** @param now clock, ms */
  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  issue(caller: Caller): string {
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    this.issued.set(ticket, { caller, until: this.now() + TICKET_LIFE });
    const oldest = this.issued.keys().next();
    if (this.issued.size > MOST_TICKETS && oldest.done !== true) this.issued.delete(oldest.value);
    return ticket;
  }

  /** Who it was issued to, the first time and while it is good. */
  redeem(ticket: string): Caller | undefined {
    const found = this.issued.get(ticket);
    this.issued.delete(ticket);
    return found === undefined || this.now() >= found.until ? undefined : { ...found.caller, access: new Set(['read']) };
  }
}
