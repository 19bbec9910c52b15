// SPDX-License-Identifier: BSD-2-Clause
/** Made-up runs in the service's own forms. Record `seq` is always the same, so a test knows what it must see. */
import type { AnomalyRow, Finding, MethodDetail, MethodHistory, RecordDetail, RecordRow, RuleDetail, RunSummary, ThreadRow } from '../../schema/api/index.ts';

export const THREADS: readonly ThreadRow[] = [
  { id: 1, name: 'root' }, { id: 2, name: 'server' }, { id: 3, name: 'client' }, { id: 4, name: '' },
];

export const RULE: RuleDetail = {
  id: 'K05',
  name: 'reply-short',
  title: 'Success reply is shorter than the out-parameters',
  severity: 'error',
  explanation: 'The kernel answered with success but its message length does not cover the words of the out-parameters. A stub that trusts the length reads nothing; one that does not reads registers that may be stale.',
  references: ['seL4#846', '4ce6cbe9e', 'manual, Invocations'],
  decidedBy: ['stub', 'model', 'image'],
};

/** So many records apart, one is a Consumed whose reply has no words, against its contract. */
export const ANOMALY_EVERY = 50;

export function recordRow(seq: number): RecordRow {
  const common = { seq, time: seq * 1370, thread: 1 + (seq % 4), cause: 'syscall' as const, anomalies: 0, object: 9 };
  if (seq % ANOMALY_EVERY === 0) {
    return { ...common, syscall: 'Call', capType: 'SchedContext', method: 'SchedContextConsumed', outcome: 'replied', reply: { label: 0, length: 0 }, anomalies: 1 };
  }
  switch (seq % 5) {
    case 0: return { ...common, syscall: 'Call', capType: 'Untyped', method: 'UntypedRetype', outcome: 'error', reply: { label: 4, length: 2 } };
    case 1: return { ...common, syscall: 'Call', capType: 'CNode', method: 'CNodeMint', outcome: 'replied', reply: { label: 0, length: 0 } };
    case 2: return { ...common, syscall: 'Send', capType: 'Notification', method: '', outcome: 'completed', reply: null };
    case 3: return { ...common, syscall: 'ReplyRecv', capType: 'Endpoint', method: '', outcome: 'blocked', reply: null };
    default: return { ...common, cause: 'vmFault', syscall: '', capType: '', method: '', outcome: 'faulted', reply: null };
  }
}

export function anomalyRow(run: string, seq: number): AnomalyRow {
  return {
    id: seq, run, seq, time: seq * 1370, rule: RULE.id, severity: 'error', thread: 1 + (seq % 4), threadName: THREADS[seq % 4]!.name,
    method: 'SchedContextConsumed', detail: 'length 0, the contract has 1 word', fingerprint: 'K05/SchedContextConsumed/Call/replied/rw', foundAt: '2026-01-05T10:00:00.000Z',
  };
}

/** The finding that all anomalies of all runs belong to. */
export function findingOf(runs: readonly { run: string; release: string; count: number }[], decided: Pick<Finding, 'state' | 'reason' | 'fixedIn'>): Finding {
  const { fingerprint, rule, severity, method, foundAt } = anomalyRow('', ANOMALY_EVERY);
  const count = runs.reduce((sum, run) => sum + run.count, 0);
  return {
    fingerprint, rule, title: RULE.title, severity, method, situation: { entry: 'Call', outcome: 'replied', buffer: 'rw' }, ...decided, changedAt: foundAt,
    first: { at: foundAt, run: runs.at(-1)?.run ?? null, seq: ANOMALY_EVERY }, last: { at: foundAt, run: runs[0]?.run ?? null, seq: (runs[0]?.count ?? 0) * ANOMALY_EVERY },
    count, runs: runs.length, kernels: [{ name: 'model 16.0.0', runs: runs.length, count }], configurations: [{ name: 'riscv64-mcs', runs: runs.length, count }],
    releases: [...new Set(runs.map(({ release }) => release))].map((name) => ({ name, runs: runs.filter(({ release }) => release === name).length, count })),
    notIn: [{ release: '14.0.0', configuration: 'riscv64-mcs', runs: 1, records: 12 }],
  };
}

/** Bad up to 13.0.0, mended with 15.0.0. */
export function historyOf(run: string): MethodHistory {
  const bad = { verdict: 'bad' as const, runs: 1, badRuns: 1, records: 12, count: 5, outdated: 0, example: { run, seq: ANOMALY_EVERY } };
  return {
    rule: RULE.id, title: RULE.title, method: 'SchedContextConsumed',
    lines: [{
      kernel: 'model', configuration: 'riscv64-mcs',
      releases: [
        { ...bad, release: '12.1.0' }, { ...bad, release: '13.0.0' },
        { ...bad, release: '14.0.0', verdict: 'untested', runs: 0, badRuns: 0, records: 0, count: 0, example: null },
        { ...bad, release: '15.0.0', verdict: 'good', badRuns: 0, count: 0, example: null },
      ],
      turns: [{ kind: 'mended', release: '15.0.0', after: '13.0.0', untested: ['14.0.0'] }],
    }],
  };
}

export function runSummary(run: string, change: Partial<RunSummary> = {}): RunSummary {
  return {
    run, program: `examples/${run}.ts`, kernel: 'model', kernelVersion: '16.0.0', configuration: 'riscv64-mcs', seed: 1, defects: [],
    release: '16.0.0', build: '', machine: '', commit: '', tags: [], recordsDroppedAt: null,
    state: 'ended', end: 'completed', endDetail: '', startedAt: '2026-01-05T10:00:00.000Z', changedAt: '2026-01-05T10:00:01.000Z',
    records: 0, time: 0, anomalies: { error: 0, warning: 0, info: 0 }, ...change,
  };
}

const CONSUMED: MethodDetail = {
  id: 'SchedContextConsumed', interfaceName: 'seL4_SchedContext', name: 'Consumed', label: 39, requestLength: 0, parameters: [], capParameters: [],
  out: [{ name: 'consumed', type: 'seL4_Time', word: 0, bit: 0, bits: 64, words: 1, description: 'Time used since the last reading, in microseconds.' }],
  contract: {
    outWords: 1, length: 'fixed', mayComeLater: false,
    errors: [{ label: 2, name: 'InvalidCapability', description: 'The invoked capability is no scheduling context.' }, { label: 3, name: 'IllegalOperation', description: 'The operation is not allowed here.' }],
  },
  brief: 'Read and reset the time that a scheduling context has used.', description: '',
};

const NOTHING_MORE = { pcBehind: false, destroyed: false, faultRecorded: false, orphaned: false, misqueued: false } as const;

/** A caller that records with an anomaly leave without anybody who could answer it. */
const WAITING = { id: 77, name: 'waiting caller' } as const;

export function recordDetail(run: string, seq: number): RecordDetail {
  const row = recordRow(seq);
  const thread = { id: row.thread, name: THREADS[row.thread - 1]!.name || `thread ${row.thread}` };
  const tag = { word: '0x0', label: 0, length: 0, extraCaps: 0, capsUnwrapped: 0 };
  return {
    run, configuration: 'riscv64-mcs', row, exitTime: row.time + 420, thread, object: { id: 9, name: 'sc-worker' },
    request: {
      cptr: '0x1a', tag: { word: '0x27000', label: 39, length: 0, extraCaps: 0, capsUnwrapped: 0 }, words: ['0xffffffc080001000', '0x2a'], caps: [],
      parameters: [
        { name: 'vaddr', type: 'seL4_Word', decimal: '18446743801197187072', hex: '0xffffffc080001000', note: '' },
        { name: 'depth', type: 'seL4_Uint8', decimal: '42', hex: '0x2a', note: '' },
      ],
      reply: '0x0', buffer: 'readWrite',
    },
    method: row.method === '' ? null : CONSUMED,
    deliveries: row.reply === null ? [] : [{
      kind: 'reply', thread, answers: seq, badge: '0x0', tag: { ...tag, ...row.reply }, words: ['0x4e20'], writtenRegisters: ['a0', 'a1', 'a2'],
      writtenBufferWords: [], error: row.outcome === 'error' ? 'RangeError' : null, summary: row.outcome === 'error' ? 'RangeError: allowed is 1 to 64' : 'success', explanation: '',
      values: [{ name: 'consumed', type: 'seL4_Time', decimal: '', hex: '', note: 'missing: the message has no words' }],
    }],
    transitions: [
      { ...NOTHING_MORE, thread, from: 'Running', to: 'Restart' },
      { ...NOTHING_MORE, thread, from: 'Restart', to: 'Running' },
      ...(row.anomalies === 0 ? [] : [{ ...NOTHING_MORE, thread: WAITING, from: 'BlockedOnReply' as const, to: 'BlockedOnReply' as const, orphaned: true }]),
    ],
    states: [
      { thread, before: 'Running', after: 'Running' },
      ...(row.anomalies === 0 ? [] : [{ thread: WAITING, before: 'BlockedOnReply' as const, after: 'BlockedOnReply' as const }]),
    ],
    next: { thread: { id: 3, name: 'client' }, state: 'Running' },
    pcBefore: '0x10002f4', pcAfter: '0x10002f8', flags: ['pcAdvanced'], fault: null, consumed: 1200, budget: 4_998_800, stray: null,
    anomalies: row.anomalies === 0 ? [] : [{
      id: seq, rule: RULE.id, title: RULE.title, severity: RULE.severity, thread, detail: anomalyRow(run, seq).detail,
      fingerprint: anomalyRow(run, seq).fingerprint, explanation: RULE.explanation, references: [...RULE.references],
    }],
  };
}
