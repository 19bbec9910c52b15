// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { RULES, ruleInfo } from './catalogue.ts';

describe('the catalogue', () => {
  it('is in the order of ids, which are the keys', () => {
    const ids = [...RULES.values()].map((info) => info.id);
    expect(ids).toEqual([...ids].sort());
    expect([...RULES.keys()]).toEqual(ids);
  });

  it('has different names', () => {
    expect(new Set([...RULES.values()].map((info) => info.name)).size).toBe(RULES.size);
  });

  it('finds a rule by its id or name in any case', () => {
    expect(ruleInfo('k05')?.name).toBe('reply-short');
    expect(ruleInfo('Reply-Short')?.id).toBe('K05');
    expect(ruleInfo('K99')).toBeUndefined();
  });

  it.each([...RULES.values()])('$id explains itself in two to five sentences, with references', (info) => {
    const sentences = info.explanation.split(/(?<=\.)\s+/);
    expect(sentences.length).toBeGreaterThanOrEqual(2);
    expect(sentences.length).toBeLessThanOrEqual(5);
    expect(info.explanation).toMatch(/\.$/);
    expect(info.title).not.toMatch(/\.$/);
    expect(info.references.length).toBeGreaterThan(0);
  });
});
