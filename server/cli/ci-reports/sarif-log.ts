// SPDX-License-Identifier: BSD-2-Clause
/** SARIF 2.1.0 (OASIS), as code hosts show it. */
import type { Severity } from '../../../schema/rules/rule.ts';
import { RULES } from '../../../schema/rules/catalogue.ts';
import { packageVersion } from '../../package-version.ts';

/** A result: one rule that something breaks. */
export interface SarifResult {
  readonly rule: string;
  /** What breaking it means. */
  readonly title: string;
  readonly severity: Severity;
  readonly message: string;
  /** Method, and the fuller name of the place. */
  readonly method: string;
  readonly place: string;
  /** Says in which form a fingerprint is, and the fingerprint: the same in the next run for the same finding. */
  readonly fingerprint: readonly [form: string, value: string];
  /** Why it is known; empty when it is not. */
  readonly known: string;
}

export interface SarifRun {
  /** Category of the run, `audit/riscv64-mcs`. */
  readonly id: string;
  readonly results: readonly SarifResult[];
  /** What else went wrong. */
  readonly notifications: readonly string[];
}

/** The whole log, to be written as JSON. */
export function sarifLog({ id, results, notifications }: SarifRun): unknown {
  const titles = new Map(results.map(({ rule, title }) => [rule, title]));
  const rules = [...titles.keys()];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {
        driver: { name: 'sel4scope', semanticVersion: packageVersion(), informationUri: 'https://github.com/seL4/l4v/issues/342', rules: [...titles].map(([rule, title]) => ruleOf(rule, title)) },
      },
      automationDetails: { id },
      results: results.map((result) => resultOf(result, rules.indexOf(result.rule))),
      invocations: [{
        executionSuccessful: true,
        toolExecutionNotifications: notifications.map((text) => ({ level: 'error', message: { text } })),
      }],
    }],
  };
}

function ruleOf(id: string, title: string): unknown {
  const info = RULES.get(id);
  return {
    id,
    name: info?.name ?? id,
    shortDescription: { text: title },
    ...(info === undefined ? {} : { fullDescription: { text: info.explanation }, help: { text: `References: ${info.references.join(', ')}` } }),
  };
}

const LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

function resultOf({ rule, severity, message, method, place, fingerprint: [form, value], known }: SarifResult, ruleIndex: number): unknown {
  return {
    ruleId: rule,
    ruleIndex,
    level: LEVELS[severity],
    message: { text: message },
    locations: [{ logicalLocations: [{ name: method, fullyQualifiedName: place, kind: 'function' }] }],
    partialFingerprints: { [form]: value },
    ...(known === '' ? {} : { suppressions: [{ kind: 'external', justification: known }] }),
  };
}
