// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { RULES, decidersOf, ruleInfo } from './catalogue.ts';

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

  it('has all 54 rules of the reply protocol', () => {
    const inFamily = (family: string): number => [...RULES.keys()].filter((id) => id.startsWith(family)).length;
    expect(['K', 'N', 'S', 'F', 'I', 'B', 'T', 'L'].map(inFamily)).toEqual([16, 5, 12, 5, 2, 3, 2, 9]);
    expect(RULES.size).toBe(54);
  });

  it('says who decides a rule', () => {
    const deciders = (id: string): readonly string[] => decidersOf(RULES.get(id)!);
    expect(deciders('K05')).toEqual(['stub', 'model', 'image']);
    expect(deciders('S01')).toEqual(['model', 'image']);
    expect(deciders('L03')).toEqual(['stub']);
    expect(deciders('B03')).toEqual(['image']);
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
