// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canHoldTogether, holds, parsePreprocessorCondition } from './conditions.ts';
import type { Condition } from './conditions.ts';

const SYMBOLS = ['CONFIG_A', 'CONFIG_B', 'CONFIG_C', 'CONFIG_D'];
const EVERY_KERNEL = Array.from({ length: 2 ** SYMBOLS.length }, (_, choice) => new Set(SYMBOLS.filter((_s, i) => (choice >> i) & 1)));

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof({ maxDepth: 4 },
    fc.record({ kind: fc.constant('config' as const), symbol: fc.constantFrom(...SYMBOLS) }),
    fc.record({ kind: fc.constant('not' as const), operand: tie('condition') }),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), operands: fc.array(tie('condition'), { minLength: 2, maxLength: 3 }) })),
}));

function toPreprocessor(c: Condition): string {
  switch (c.kind) {
    case 'config': return `defined(${c.symbol})`;
    case 'not': return `!${toPreprocessor(c.operand)}`;
    default: return `(${c.operands.map(toPreprocessor).join(c.kind === 'and' ? ' && ' : ' || ')})`;
  }
}

describe('holds', () => {
  it.each<[string, Condition, string[], boolean]>([
    ['a symbol that is set', { kind: 'config', symbol: 'X' }, ['X'], true],
    ['a symbol that is not', { kind: 'config', symbol: 'X' }, ['Y'], false],
    ['not', { kind: 'not', operand: { kind: 'config', symbol: 'X' } }, [], true],
    ['and', { kind: 'and', operands: [{ kind: 'config', symbol: 'X' }, { kind: 'config', symbol: 'Y' }] }, ['X'], false],
    ['or', { kind: 'or', operands: [{ kind: 'config', symbol: 'X' }, { kind: 'config', symbol: 'Y' }] }, ['X'], true],
  ])('%s', (_, c, defined, expected) => {
    expect(holds(c, new Set(defined))).toBe(expected);
  });
});

describe('parsePreprocessorCondition', () => {
  it('reads back what any condition says', () => {
    fc.assert(fc.property(condition, (c) => {
      const parsed = parsePreprocessorCondition(toPreprocessor(c));
      for (const kernel of EVERY_KERNEL) expect(holds(parsed, kernel)).toBe(holds(c, kernel));
    }));
  });

  it.each([
    ['defined(A) || defined(B) && defined(C)', ['A'], true],
    ['(defined(A) || defined(B)) && defined(C)', ['A'], false],
    ['!defined(A) && defined(B)', ['B'], true],
    ['!(defined A && defined B)', ['A'], true],
    ['(!defined CONFIG_KERNEL_MCS) && CONFIG_MAX_NUM_NODES > 1', ['CONFIG_ENABLE_SMP_SUPPORT'], true],
    ['(!defined CONFIG_KERNEL_MCS) && CONFIG_MAX_NUM_NODES > 1', [], false],
  ])('%s with %j', (text, defined, expected) => {
    expect(holds(parsePreprocessorCondition(text), new Set(defined))).toBe(expected);
  });
});

describe('canHoldTogether', () => {
  it('is what trying every kernel finds', () => {
    fc.assert(fc.property(condition, fc.option(condition, { nil: undefined }), (a, b) => {
      const found = EVERY_KERNEL.some((kernel) => holds(a, kernel) && (b === undefined || holds(b, kernel)));
      expect(canHoldTogether(a, b)).toBe(found);
    }));
  });

  it('proves nothing of more symbols than it can try', () => {
    const many: Condition = { kind: 'and', operands: Array.from({ length: 40 }, (_, i) => ({ kind: 'config', symbol: `S${i}` })) };
    expect(canHoldTogether(many, { kind: 'not', operand: many })).toBe(true);
  });
});
