// SPDX-License-Identifier: BSD-2-Clause
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { describe, expect, it } from 'vitest';
import { runningService } from '../../testing/fixture.ts';
import { batchOf, SAMPLE_SUBJECTS, sampleRecord, shortReplyRecord } from '../../testing/sample-records.ts';
import { inProcess, type ServiceAccess } from '../service-access.ts';
import { anomaliesAsJunit, anomaliesAsSarif, reportedRun, type AnomalyFilter, type ReportedRun } from './anomalies.ts';

/** A service with a run in which two replies of Page_GetAddress are too short. */
async function serviceWithFindings(): Promise<ServiceAccess> {
  const running = await runningService();
  const producer = await running.producer();
  producer.hello({ program: 'mine <&> "yours".ts' });
  await producer.next('welcome');
  producer.batch(batchOf([sampleRecord(1), sampleRecord(2), shortReplyRecord(3), sampleRecord(4), shortReplyRecord(5), sampleRecord(6)], SAMPLE_SUBJECTS));
  producer.bye(6);
  await producer.acknowledged(6);
  return inProcess(running.service, running.address.url, running.address.ingestUrl, '');
}

const reportOf = (service: ServiceAccess, filter: AnomalyFilter = {}): Promise<ReportedRun> => reportedRun(service, 'latest', filter);

function elements(root: XmlElement, name: string): XmlElement[] {
  return root.children.flatMap((child) => (child instanceof XmlElement ? [...(child.name === name ? [child] : []), ...elements(child, name)] : []));
}

interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string; readonly shortDescription: { readonly text: string } }[] } };
    readonly results: readonly { readonly ruleId: string; readonly ruleIndex: number; readonly level: string; readonly message: { readonly text: string }; readonly suppressions?: readonly unknown[]; readonly partialFingerprints: Record<string, string> }[];
  }[];
}

const sarifOf = (report: ReportedRun): Sarif => JSON.parse(JSON.stringify(anomaliesAsSarif([report]))) as Sarif;

describe('anomalies of a recorded run', () => {
  it('are JUnit with a test case for each method, which fails with what was found', async () => {
    const root = parseXml(anomaliesAsJunit([await reportOf(await serviceWithFindings())])).root!;
    const cases = elements(root, 'testcase');
    expect(cases.map(({ attributes }) => attributes['name'])).toEqual(['RISCVPageGetAddress', 'TCBResume', 'Yield']);
    const failures = elements(root, 'failure');
    expect(failures).toHaveLength(1);
    expect(root.attributes).toMatchObject({ tests: '3', failures: '1' });
    expect(elements(root, 'testsuite')[0]!.attributes['name']).toBe('mine <&> "yours".ts (sample-run)');
    expect(failures[0]!.attributes['message']).toMatch(/\bK05\b/);
    expect(failures[0]!.text).toMatch(/K05 \(2 times, first in record 3\): RISCVPageGetAddress answered with 0 words/);
  });

  it('are SARIF with a result for each fingerprint', async () => {
    const report = await reportOf(await serviceWithFindings());
    const { version, runs: [run] } = sarifOf(report);
    expect([version, run!.results.length]).toEqual(['2.1.0', report.groups.length]);
    for (const { ruleId, ruleIndex } of run!.results) expect(run!.tool.driver.rules[ruleIndex]!.id).toBe(ruleId);
    expect(run!.results.find(({ ruleId }) => ruleId === 'K05')).toMatchObject({
      level: 'error', message: { text: expect.stringContaining('sel4scope records 3 --run sample-run') as string },
      partialFingerprints: { 'fingerprint/v1': 'K05/RISCVPageGetAddress/Call/replied/rw' },
    });
  });

  it('do not fail a build when they are acknowledged', async () => {
    const service = await serviceWithFindings();
    const { groups } = await reportOf(service);
    for (const { fingerprint } of groups) {
      await service.send('PATCH', `/api/findings/${encodeURIComponent(fingerprint)}`, { state: 'acknowledged', reason: 'mended in 13.0.0' });
    }
    const report = await reportOf(service);
    const root = parseXml(anomaliesAsJunit([report])).root!;
    expect([elements(root, 'failure').length, elements(root, 'skipped')[0]!.attributes['message']]).toEqual([0, expect.stringContaining('acknowledged: mended in 13.0.0')]);
    expect(sarifOf(report).runs[0]!.results.every(({ suppressions }) => suppressions !== undefined)).toBe(true);
  });

  it('are those that were asked for', async () => {
    const service = await serviceWithFindings();
    expect((await reportOf(service, { rule: 'K05' })).groups.map(({ rule }) => rule)).toEqual(['K05']);
    expect(await reportOf(service, { method: 'TCBResume' })).toMatchObject({ methods: ['TCBResume'], groups: [] });
    expect((await reportOf(service, { severity: 'info' })).groups).toEqual([]);
  });
});
