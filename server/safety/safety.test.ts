// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { isLoopback, networkOf } from './addresses.ts';
import { checkAllowedHost, checkExposure } from './exposure.ts';
import { FailedAttempts } from './failed-attempts.ts';
import { Tickets, TICKET_LIFE } from './tickets.ts';
import { digestOf, tokenOf } from './tokens.ts';

const certificate = { cert: '', key: '' };
const tokens = [tokenOf('x', 'ci', ['read'])];

describe('beyond loopback', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s is not', (host) => {
    expect(isLoopback(host)).toBe(true);
    checkExposure(host, {});
  });

  it.each(['0.0.0.0', '::', '192.168.1.2', '127.0.0.1.evil.example', '127.example', 'traces.example.org', ''])('%j is, and needs tokens and encryption', (host) => {
    expect(isLoopback(host)).toBe(false);
    expect(() => checkExposure(host, { certificate })).toThrow('no tokens');
    expect(() => checkExposure(host, { tokens })).toThrow('unencrypted');
    checkExposure(host, { tokens, certificate });
    checkExposure(host, { tokens, insecure: true });
  });

  it('a host to answer as is a name or an address', () => {
    for (const name of ['traces', 'Traces.example.org', '10.0.0.1', '2001:db8::1']) checkAllowedHost(name);
    for (const name of ['', '*', 'http://traces', 'traces:7474', 'a b', '.example.org', '[::1]']) expect(() => checkAllowedHost(name)).toThrow('no host name');
  });
});

it.each([
  ['10.1.2.3', '10.1.2.3'], ['::ffff:10.1.2.3', '10.1.2.3'], ['::1', '0:0:0:0::/64'], ['::', '0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'], ['2001:db8:1:2::6', '2001:db8:1:2::/64'], ['2001:db8::6', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'], ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
])('the network of %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe('wrong tokens', () => {
  const [good, bad] = [digestOf('good'), digestOf('bad')];

  function limited(more = {}): { attempts: FailedAttempts; clock: { now: number } } {
    const clock = { now: 1000 };
    return { clock, attempts: new FailedAttempts({ most: 3, window: 100, now: () => clock.now, ...more }) };
  }

  it('make their network wait until the window is over, however often it tries', () => {
    const { attempts, clock } = limited();
    for (let i = 0; i < 3; i++) {
      expect(attempts.wait('a', bad)).toBe(0);
      attempts.failed('a');
    }
    expect(attempts.wait('a', bad)).toBe(100);
    expect(attempts.wait('b', bad)).toBe(0);
    clock.now += 60;
    attempts.failed('a');
    expect(attempts.wait('a', good)).toBe(40);
    clock.now += 40;
    expect(attempts.wait('a', good)).toBe(0);
    attempts.failed('a');
    expect(attempts.wait('a', bad)).toBe(0);
  });

  it('do not keep out a token that was right from there before', () => {
    const { attempts } = limited();
    attempts.accepted('a', good);
    for (let i = 0; i < 10; i++) attempts.failed('a');
    expect(attempts.wait('a', good)).toBe(0);
    expect(attempts.wait('a', bad)).toBe(100);
    for (let i = 0; i < 10; i++) attempts.failed('b');
    expect(attempts.wait('b', good)).toBe(100);
  });

  it('cost no memory without bound', () => {
    const { attempts } = limited({ memory: 10 });
    for (let i = 0; i < 1000; i++) {
      attempts.failed(`n${i}`);
      attempts.accepted(`n${i}`, good);
    }
    expect(JSON.stringify([...(attempts as unknown as { failures: Map<string, unknown> }).failures.keys()])).toContain('n999');
    expect((attempts as unknown as { failures: Map<string, unknown> }).failures.size).toBe(10);
    expect((attempts as unknown as { known: Set<string> }).known.size).toBe(10);
  });
});

describe('a ticket', () => {
  const caller = { name: 'ci', access: new Set(['admin'] as const) };

  it('is good once, for reading', () => {
    const tickets = new Tickets();
    const ticket = tickets.issue(caller);
    expect(tickets.redeem('other')).toBeUndefined();
    expect(tickets.redeem(ticket)).toEqual({ name: 'ci', access: new Set(['read']) });
    expect(tickets.redeem(ticket)).toBeUndefined();
  });

  it('is good for a while', () => {
    let now = 0;
    const tickets = new Tickets(() => now);
    const [early, late] = [tickets.issue(caller), tickets.issue(caller)];
    now = TICKET_LIFE - 1;
    expect(tickets.redeem(early)).toBeDefined();
    now = TICKET_LIFE;
    expect(tickets.redeem(late)).toBeUndefined();
  });

  it('is forgotten when there are too many', () => {
    const tickets = new Tickets();
    const first = tickets.issue(caller);
    const others = Array.from({ length: 1024 }, () => tickets.issue(caller));
    expect(tickets.redeem(first)).toBeUndefined();
    expect(tickets.redeem(others[0]!)).toBeDefined();
  });
});
