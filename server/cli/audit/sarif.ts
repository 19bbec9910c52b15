// SPDX-License-Identifier: BSD-2-Clause
/** The report as SARIF 2.1.0 (OASIS): a result for each rule and method, with the case that reproduces it. */
import { RULES } from '../../../schema/rules/catalogue.ts';
import { packageVersion } from '../../package-version.ts';
import { commandFor, ruleTitle, type AuditReport, type FindingGroup } from './report.ts';

export function sarifOf(report: AuditReport): unknown {
  const rules = [...new Set(report.findings.map(({ rule }) => rule))];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {
        driver: { name: 'sel4scope', semanticVersion: packageVersion(), informationUri: 'https://github.com/seL4/l4v/issues/342', rules: rules.map(ruleOf) },
      },
      automationDetails: { id: `audit/${report.configuration}` },
      results: report.findings.map((group) => resultOf(group, rules.indexOf(group.rule), report)),
      invocations: [{
        executionSuccessful: true,
        toolExecutionNotifications: report.vanished.map(({ rule, method, reason }) => ({
          level: 'error', message: { text: `${rule} ${method}: expected, but it no longer appears: ${reason}` },
        })),
      }],
    }],
  };
}

function ruleOf(id: string): unknown {
  const info = RULES.get(id);
  return {
    id,
    name: info?.name ?? id,
    shortDescription: { text: ruleTitle(id) },
    ...(info === undefined ? {} : { fullDescription: { text: info.explanation }, help: { text: `References: ${info.references.join(', ')}` } }),
  };
}

function resultOf(group: FindingGroup, ruleIndex: number, report: AuditReport): unknown {
  return {
    ruleId: group.rule,
    ruleIndex,
    level: group.severity === 'error' ? 'error' : 'warning',
    message: { text: `${group.method}: ${group.detail} (${group.cases} cases; ${commandFor(report, group.example)})` },
    locations: [{ logicalLocations: [{ name: group.method, fullyQualifiedName: group.example, kind: 'function' }] }],
    partialFingerprints: { 'ruleAndMethod/v1': `${group.rule}/${group.method}` },
    ...(group.known === '' ? {} : { suppressions: [{ kind: 'external', justification: group.known }] }),
  };
}
