// SPDX-License-Identifier: BSD-2-Clause
/** trace.proto is the source of the wire; the code has its numbers and names in tables. This compares them. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { BATCH_LIMITS, FIELD, SUBJECT_FIELD } from './batch-layout.ts';
import { CAUSES, DELIVERY_KINDS, FLAG, MAX_WORDS, OUTCOMES, STRAYS, TRANSITION_FLAG } from './trap-record.ts';
import { PROBLEM_CODES, RUN_ENDS } from './wire.ts';

const text = readFileSync(new URL('./trace.proto', import.meta.url), 'utf8');
const root = protobuf.parse(text).root.resolveAll() as protobuf.Root;

function numbers(type: string): Record<string, number> {
  return Object.fromEntries(root.lookupType(type).fieldsArray.map((field) => [field.name, field.id]));
}

/** Names of an enum in number order, without their prefix, in camel case. */
function values(name: string, prefix: string): string[] {
  const byName = root.lookupEnum(name).values;
  expect(Object.values(byName)).toEqual(Object.keys(byName).map((_, i) => i));
  return Object.keys(byName).map((value) => {
    expect(value.startsWith(prefix)).toBe(true);
    return value.slice(prefix.length).toLowerCase().replace(/_(.)/g, (_, c: string) => c.toUpperCase());
  });
}

describe('trace.proto', () => {
  it('numbers the fields of a batch as the codec does', () => {
    expect(numbers('Batch')).toEqual(FIELD);
    expect(numbers('Subject')).toEqual(SUBJECT_FIELD);
  });

  it('packs every column', () => {
    for (const field of root.lookupType('Batch').fieldsArray) {
      if (field.repeated && field.name !== 'subjects') expect(field.packed, field.name).toBe(true);
    }
  });

  it('has the enumerations of the record', () => {
    expect(values('Cause', 'CAUSE_')).toEqual(CAUSES);
    expect(values('Outcome', 'OUTCOME_')).toEqual(OUTCOMES);
    expect(values('DeliveryKind', 'DELIVERY_')).toEqual(DELIVERY_KINDS);
    expect(values('Stray', 'STRAY_')).toEqual(STRAYS);
    expect(values('RunEnd', 'RUN_END_')).toEqual(['unspecified', ...RUN_ENDS]);
    expect(values('ProblemCode', 'PROBLEM_')).toEqual(['unspecified', ...PROBLEM_CODES]);
  });

  it('names the bits and bounds that the code has', () => {
    expect(Object.values(FLAG)).toEqual([1, 2, 4, 8, 16, 32]);
    expect(Object.values(TRANSITION_FLAG)).toEqual([1, 2, 4, 8, 16]);
    expect(text).toContain(`at most ${MAX_WORDS};`);
    expect(BATCH_LIMITS.records).toBeGreaterThanOrEqual(4096);
  });
});
