// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LiveMessage } from '../../../schema/api/index.ts';
import { FakeSockets } from '../../testing/fake-sockets.ts';
import { LiveFeed, type Connection } from './live.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

function feed(): { feed: LiveFeed; sockets: FakeSockets; phases: Connection['phase'][]; messages: LiveMessage[] } {
  const sockets = new FakeSockets();
  const phases: Connection['phase'][] = [];
  const messages: LiveMessage[] = [];
  return {
    sockets, phases, messages,
    feed: new LiveFeed({ open: sockets.open, ticket: () => null, now: () => Date.now(), onConnection: ({ phase }) => phases.push(phase), onMessage: (message) => messages.push(message) }),
  };
}

it('asks for a run and hands on what comes', () => {
  const live = feed();
  live.feed.follow('run a');
  expect(live.sockets.last.path).toBe('live?run=run%20a');
  live.sockets.last.accept();
  live.sockets.last.say({ type: 'hello', run: null, threads: [] });
  expect(live.phases).toEqual(['connecting', 'open']);
  expect(live.messages).toEqual([{ type: 'hello', run: null, threads: [] }]);
});

it('connects again when it breaks, each time a little later, and soon again after a success', () => {
  const live = feed();
  live.feed.follow('latest');
  for (const wait of [500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
    live.sockets.last.break();
    expect(live.phases.at(-1)).toBe('lost');
    const attempts = live.sockets.all.length;
    vi.advanceTimersByTime(wait - 1);
    expect(live.sockets.all).toHaveLength(attempts);
    vi.advanceTimersByTime(1);
    expect(live.sockets.all).toHaveLength(attempts + 1);
  }
  live.sockets.last.accept();
  live.sockets.last.break();
  vi.advanceTimersByTime(500);
  expect(live.phases.slice(-3)).toEqual(['open', 'lost', 'connecting']);
});

it('tries at once when told to, and not twice', () => {
  const live = feed();
  live.feed.follow('latest');
  live.sockets.last.break();
  live.feed.retryNow();
  live.feed.retryNow();
  vi.advanceTimersByTime(60_000);
  expect(live.sockets.all).toHaveLength(2);
});

it('hears nothing more of a run that it left', () => {
  const live = feed();
  live.feed.follow('a');
  const old = live.sockets.last;
  live.feed.follow('b');
  expect(old.closed).toBe(true);
  expect(old.onmessage).toBeNull();
  live.feed.close();
  vi.advanceTimersByTime(60_000);
  expect(live.sockets.all).toHaveLength(2);
});

describe('with tickets', () => {
  function ticketed(ticket: () => Promise<string>): { live: LiveFeed; sockets: FakeSockets; phases: Connection['phase'][] } {
    const sockets = new FakeSockets();
    const phases: Connection['phase'][] = [];
    return { sockets, phases, live: new LiveFeed({ open: sockets.open, ticket, now: () => Date.now(), onConnection: ({ phase }) => phases.push(phase), onMessage: () => undefined }) };
  }

  it('each connection has its own', async () => {
    let issued = 0;
    const { live, sockets } = ticketed(async () => `t${++issued}`);
    live.follow('a');
    await vi.advanceTimersByTimeAsync(0);
    sockets.last.break();
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets.all.map(({ path }) => path)).toEqual(['live?run=a&ticket=t1', 'live?run=a&ticket=t2']);
  });

  it('one that comes too late is not used', async () => {
    const waiting: ((ticket: string) => void)[] = [];
    const { live, sockets } = ticketed(() => new Promise((resolve) => { waiting.push(resolve); }));
    live.follow('a');
    live.follow('b');
    for (const issue of waiting) issue('t');
    await vi.advanceTimersByTimeAsync(0);
    expect(sockets.all.map(({ path }) => path)).toEqual(['live?run=b&ticket=t']);
  });

  it('without one it is tried again later', async () => {
    const { live, sockets, phases } = ticketed(() => Promise.reject(new Error('no')));
    live.follow('a');
    await vi.advanceTimersByTimeAsync(600);
    expect(phases).toEqual(['connecting', 'lost', 'connecting', 'lost']);
    live.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([sockets.all.length, phases.length]).toEqual([0, 4]);
  });
});
