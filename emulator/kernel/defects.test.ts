// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { Scheduling } from '../../schema/abi/index.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { RuleEngine } from '../../schema/rules/engine.ts';
import type { Anomaly } from '../../schema/rules/rule.ts';
import { Probe } from '../probe/probe.ts';
import { DEFECTS, DEFECT_NAMES, defectNamed, type DefectName } from './defects.ts';
import { DEFECT_PROGRAMS } from './testing-defects.ts';
import { World } from './testing-threads.ts';

/** What all rules say, notes left out, of a defect's program on a kernel with these defects. */
function findings(name: DefectName, scheduling: Scheduling, defects: readonly DefectName[]): Anomaly[] {
  const world = new World(scheduling, { defects, checked: defects.length === 0 });
  const found: Anomaly[] = [];
  const engine = new RuleEngine(interfacesOf(`riscv64-${scheduling}`), (anomaly) => found.push(anomaly));
  new Probe(world.host, { subject: (subject) => engine.subject(subject), record: (record) => engine.apply(record) });
  DEFECT_PROGRAMS[name](world);
  return found.filter(({ severity }) => severity !== 'info');
}

const unique = (values: readonly string[]): string[] => [...new Set(values)].sort();

const textOf = (found: readonly Anomaly[]): string => found.map(({ rule, method, detail }) => `${rule} ${method}: ${detail}`).join('\n');

describe.each(DEFECT_NAMES)('%s', (name) => {
  const { rules, methods, configurations } = DEFECTS[name];

  it.each(configurations)('is found by the rules of its row and by no other, on %s', (scheduling) => {
    const found = findings(name, scheduling, [name]);
    expect(unique(found.map(({ rule }) => rule)), textOf(found)).toEqual(unique(rules));
  });

  it.each(configurations)('leaves the same program clean when it is off, on %s', (scheduling) => {
    const found = findings(name, scheduling, []);
    expect(unique(found.map(({ rule }) => rule)), textOf(found)).toEqual([]);
  });

  it('is found at the methods of its row', () => {
    const found = configurations.flatMap((scheduling) => findings(name, scheduling, [name]));
    expect(unique(found.map(({ method }) => method))).toEqual(unique(methods));
  });
});

describe('defectNamed', () => {
  it('lists the names for one that there is not', () => {
    expect(defectNamed('sc-consumed')).toBe('sc-consumed');
    expect(() => defectNamed('nonsense')).toThrow(/no defect 'nonsense'; choose from page-get-address, /);
  });
});
