// SPDX-License-Identifier: BSD-2-Clause
/** Sv39: every kind of entry with every kind of access, in S and in U mode. */
import { pageAddress, UPPER, type PageName } from './page-tables.ts';
import type { ExpectedTrap, TrapCase } from './trap-cases.ts';

/** Outcome of an access: fine, page fault, access fault. */
type Outcome = 'ok' | 'page' | 'access';
const CAUSES = { load: { page: 13, access: 5 }, store: { page: 15, access: 7 }, fetch: { page: 12, access: 1 } } as const;
type Kind = keyof typeof CAUSES;

/** Loads read the second word of the page, stores write the fourth, fetches find `ecall` in the first. */
function access(kind: Kind, mode: 'S' | 'U', address: bigint, outcome: Outcome, name: string, more: Partial<TrapCase> = {}): TrapCase {
  const target = { load: address + 8n, store: address + 24n, fetch: address }[kind];
  const text = { load: 'ld a0, 0(a1)', store: 'sd zero, 0(a1)', fetch: 'jr a1' }[kind];
  const call = mode === 'S' ? 9 : 8;
  const trap: ExpectedTrap | undefined = outcome !== 'ok' ? { cause: CAUSES[kind][outcome], value: target }
    : kind === 'fetch' ? { cause: call, value: 0n, at: address } : undefined;
  return {
    name: `${name}: ${kind} in ${mode} mode`, mode, paged: true, body: `li a1, ${target}\n${text}`,
    ...(trap === undefined ? {} : { machine: trap }), ...(kind === 'load' && outcome === 'ok' ? { a0: 0x1122_3344_5566_7788n } : {}), ...more,
  };
}

/** Page; in S mode load, store, fetch; in U mode the same. `o` fine, `p` page fault, `a` access fault. */
const MATRIX: readonly (readonly [PageName, string, string])[] = [
  ['readOnly', 'opp', 'ppp'],
  ['readWrite', 'oop', 'ppp'],
  ['notDirty', 'opp', 'ppp'],
  ['notAccessed', 'ppp', 'ppp'],
  ['executeOnly', 'ppo', 'ppp'],
  ['user', 'ppp', 'ooo'],
  ['userReadOnly', 'ppp', 'opp'],
  ['userExecuteOnly', 'ppp', 'ppo'],
  ['invalid', 'ppp', 'ppp'],
  ['writeOnly', 'ppp', 'ppp'],
  ['writeExecute', 'ppp', 'ppp'],
  ['reserved', 'ppp', 'ppp'],
  ['pointerAtTheEnd', 'ppp', 'ppp'],
  ['nowhere', 'aaa', 'ppp'],
];
const OUTCOMES: Readonly<Record<string, Outcome>> = { o: 'ok', p: 'page', a: 'access' };
const KINDS = ['load', 'store', 'fetch'] as const;
const UPDATES = { notOnQemu: 'sets A and D itself' };

const matrix = MATRIX.flatMap(([page, inSupervisor, inUser]) => ([['S', inSupervisor], ['U', inUser]] as const).flatMap(([mode, outcomes]) =>
  KINDS.map((kind, index) => access(kind, mode, pageAddress(page), OUTCOMES[outcomes[index]!]!, page,
    mode === 'S' && (page === 'notAccessed' || (page === 'notDirty' && kind === 'store')) ? UPDATES : {}))));

const DATA_OFFSET = 0x5_0000n;
const upper = KINDS.flatMap((kind) => [
  access(kind, 'S', UPPER.megapage + DATA_OFFSET, 'ok', '2 MiB page'),
  access(kind, 'S', UPPER.gigapage + DATA_OFFSET, 'ok', '1 GiB page'),
  access(kind, 'U', UPPER.megapage + DATA_OFFSET, 'page', '2 MiB page'),
  ...(['misalignedMegapage', 'misalignedGigapage', 'accessedPointer', 'userPointer', 'noEntry', 'notCanonical', 'notCanonicalNegative'] as const)
    .map((name) => access(kind, 'S', UPPER[name], 'page', name)),
  access(kind, 'S', UPPER.pointerToNowhere, 'access', 'pointer to nowhere', { notOnQemu: 'reports a page fault' }),
]);

const set = (bits: number): string => `li s11, ${bits}\ncsrs mstatus, s11`;
const SUM = 1 << 18;
const MXR = 1 << 19;
const bits: readonly TrapCase[] = [
  access('load', 'S', pageAddress('user'), 'ok', 'SUM', { setup: set(SUM) }),
  access('store', 'S', pageAddress('user'), 'ok', 'SUM', { setup: set(SUM) }),
  access('fetch', 'S', pageAddress('user'), 'page', 'SUM', { setup: set(SUM) }),
  access('load', 'S', pageAddress('executeOnly'), 'ok', 'MXR', { setup: set(MXR) }),
  access('load', 'U', pageAddress('userExecuteOnly'), 'ok', 'MXR', { setup: set(MXR) }),
  access('store', 'U', pageAddress('userExecuteOnly'), 'page', 'MXR', { setup: set(MXR) }),
  { name: 'MPRV loads as the mode in MPP', mode: 'M', paged: true, body: `li a1, ${1 << 17}\nli a2, ${pageAddress('readOnly')}\ncsrs mstatus, a1\nld a0, 8(a2)`,
    setup: '', machine: { cause: 13, value: pageAddress('readOnly') + 8n } },
  { name: 'MPRV does not fetch so', mode: 'M', paged: true,
    body: `li a1, 0x1800\ncsrc mstatus, a1\nli a1, 0x800\ncsrs mstatus, a1\nli a1, ${1 << 17}\nli a2, ${pageAddress('readOnly')}\ncsrs mstatus, a1\nld a0, 8(a2)\ncsrc mstatus, a1`,
    a0: 0x1122_3344_5566_7788n },
];

const crossing: readonly TrapCase[] = [
  { name: 'load over a border of pages', mode: 'S', paged: true, body: `li a1, ${pageAddress('second') - 2n}\nlw a0, 0(a1)`, a0: 0x0073_0013n },
  { name: 'load into a page that is not there', mode: 'U', paged: true, body: `li a1, ${pageAddress('behind') - 4n}\nld a0, 0(a1)`,
    machine: { cause: 13, value: pageAddress('behind') } },
  { name: 'store into a page that is not there changes nothing', mode: 'S', paged: true, setup: `${set(SUM)}\nli s11, 0x8000\ncsrw medeleg, s11`,
    body: `li a1, ${pageAddress('behind') - 2n}\nsw a1, 0(a1)`, supervisor: { cause: 15, value: pageAddress('behind') } },
  { name: 'the first page is looked at first', mode: 'U', paged: true, body: `li a1, ${pageAddress('beforeInvalid') - 4n}\nld a0, 0(a1)`,
    machine: { cause: 13, value: pageAddress('beforeInvalid') - 4n } },
  { name: 'instruction over a border into a page that is not there', mode: 'U', paged: true, body: `li a1, ${pageAddress('behind') - 2n}\njr a1`,
    machine: { cause: 12, value: pageAddress('behind'), at: pageAddress('behind') - 2n } },
  { name: 'atomic on a page that is read only', mode: 'U', paged: true, body: `li a1, ${pageAddress('userReadOnly')}\namoor.d a0, zero, (a1)`,
    machine: { cause: 15, value: pageAddress('userReadOnly') } },
  { name: 'lr on a page that is read only', mode: 'U', paged: true, body: `li a1, ${pageAddress('userReadOnly')}\nlr.d a0, (a1)`, a0: 0x73n },
  { name: 'sc on a page that is read only', mode: 'U', paged: true, body: `li a1, ${pageAddress('userReadOnly')}\nlr.d a0, (a1)\nsc.d a0, a0, (a1)`,
    machine: { cause: 15, value: pageAddress('userReadOnly') } },
  { name: 'delegated page fault', mode: 'U', paged: true, setup: 'li s11, 0xb000\ncsrw medeleg, s11', body: `li a1, ${pageAddress('invalid') + 1n}\nlb a0, 0(a1)`,
    supervisor: { cause: 13, value: pageAddress('invalid') + 1n } },
];

export const PAGING_CASES: readonly TrapCase[] = [...matrix, ...upper, ...bits, ...crossing];
