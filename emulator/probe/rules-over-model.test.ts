// SPDX-License-Identifier: BSD-2-Clause
/** What the probe tells the rules of the model, where no historic defect shows it. */
import { describe, expect, it } from 'vitest';
import { INIT_CAP, OBJECT_TYPES, type Scheduling } from '../../schema/abi/index.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { RuleEngine } from '../../schema/rules/engine.ts';
import type { Anomaly } from '../../schema/rules/rule.ts';
import { OUTCOME, STRAY, type TrapRecord } from '../../schema/trace/trap-record.ts';
import type { DefectName } from '../kernel/defects.ts';
import { SILENT } from '../kernel/observers.ts';
import { bufferLanes, writeBufferWord } from '../kernel/registers.ts';
import { World } from '../kernel/testing-threads.ts';
import { Probe } from './probe.ts';

function watched(scheduling: Scheduling, defects: readonly DefectName[] = []): { world: World; found: Anomaly[]; records: TrapRecord[]; details: (rule: string) => string[] } {
  const world = new World(scheduling, { defects });
  const found: Anomaly[] = [];
  const records: TrapRecord[] = [];
  const engine = new RuleEngine(interfacesOf(`riscv64-${scheduling}`), (anomaly) => found.push(anomaly));
  new Probe(world.host, {
    subject: (subject) => engine.subject(subject),
    record: (record) => {
      records.push(record.clone());
      engine.apply(record);
    },
  });
  return { world, found, records, details: (rule) => found.filter((anomaly) => anomaly.rule === rule).map(({ detail }) => detail) };
}

describe('a request that fails again after another one failed', () => {
  const mapNowhere = (world: World, table: number): void => { world.call(table, 'RISCVPageTableMap', [0x1000_0000, 0], [INIT_CAP.threadCNode]); };

  it('with the words of that other one is found by K11', () => {
    const { world, details } = watched('mcs', ['page-table-map-vspace']);
    const table = world.create('RISCV_PageTable', 'table').cptr;
    const memory = world.create('Untyped', 'memory', 12).cptr;
    mapNowhere(world, table);
    world.call(memory, 'UntypedRetype', [OBJECT_TYPES.mcs.CapTable!, 0, 0, 0, 0x3000, 1], [INIT_CAP.threadCNode]);
    mapNowhere(world, table);
    expect(details('K11')).toContain('The same request as in trap 1 got InvalidArgument with other words: those of the error in trap 2.');
  });

  it('with the error of that other one is found by K12', () => {
    const { world, details } = watched('mcs', ['timeout-endpoint-error']);
    const copy = (depth: number): void => { world.call(INIT_CAP.threadCNode, 'CNodeCopy', [8, depth, 8, 64, 15], [INIT_CAP.threadCNode]); };
    const unset = (): void => { world.call(INIT_CAP.threadTCB, 'TCBSetTimeoutEndpoint'); };
    copy(64);
    unset();
    copy(65);
    unset();
    expect(details('K12')).toContain('The same request as in trap 2 got RangeError instead of FailedLookup: the error of trap 3.');
  });

  it.each(['mcs', 'classic'] as const)('in the same way is clean (%s)', (scheduling) => {
    const { world, found, records } = watched(scheduling);
    const table = world.create('RISCV_PageTable', 'table').cptr;
    for (let round = 0; round < 3; round++) {
      mapNowhere(world, table);
      world.call(INIT_CAP.threadTCB, 'TCBSetPriority', [300], [INIT_CAP.threadTCB]);
      world.call(INIT_CAP.threadCNode, 'CNodeCopy', [8, 65, 8, 64, 15], [INIT_CAP.threadCNode]);
    }
    expect(records.map(({ outcome }) => outcome)).toEqual(Array(9).fill(OUTCOME.error));
    expect(found).toEqual([]);
  });
});

it('a buffer word of one thread in the buffer of another is found by B02', () => {
  const { world, records, details } = watched('mcs');
  const other = world.thread('other').object;
  world.host.observe({ ...SILENT, invocation: () => { writeBufferWord(world.kernel, world.current, bufferLanes(other)!, 7, 1, 0); } });
  world.call(INIT_CAP.threadTCB, 'TCBSetPriority', [300], [INIT_CAP.threadTCB]);
  expect(records.at(-1)).toMatchObject({ stray: STRAY.foreignMemory });
  expect(details('B02')).toHaveLength(1);
});
