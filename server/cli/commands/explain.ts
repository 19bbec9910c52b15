// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import { RULES, decidersOf, ruleInfo } from '../../../schema/rules/catalogue.ts';
import type { Decider, RuleInfo } from '../../../schema/rules/rule.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { bold, printJson, printLine, printTable, wrap } from '../output.ts';

/** `sel4scope explain [RULE]`: what a rule means and what to do about a finding; without a rule, the list of all. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('explain a rule, or list all rules')
    .argument('[rule]', 'rule id or name, e.g. K05 or reply-short')
    .option('--json', 'print JSON')
    .action((id: string | undefined, options: { json?: boolean }) => {
      if (id === undefined) listRules(options.json === true);
      else explainRule(id, options.json === true);
    });
}

function listRules(json: boolean): void {
  const rules = [...RULES.values()];
  if (json) return printJson(rules.map(withDeciders));
  printTable(rules, [
    { title: 'rule', text: (rule) => rule.id },
    { title: 'severity', text: (rule) => rule.severity },
    { title: 'name', text: (rule) => rule.name },
    { title: 'title', text: (rule) => rule.title },
  ]);
}

function explainRule(id: string, json: boolean): void {
  const rule = ruleInfo(id);
  if (rule === undefined) {
    throw new CommandError(EXIT.usage, `there is no rule ${id}`, `choose from ${[...RULES.keys()].join(', ')}`);
  }
  if (json) return printJson(withDeciders(rule));
  printLine(`${bold(rule.id)} ${rule.name} (${rule.severity}): ${rule.title}`);
  printLine();
  printLine(wrap(rule.explanation, 96));
  printLine();
  printLine(wrap(`Found by ${decidersOf(rule).map((decider) => FOUND_BY[decider]).join('; ')}.`, 96));
  if (rule.references.length > 0) {
    printLine();
    printLine(`References: ${rule.references.join(', ')}`);
  }
}

/** Who finds it, for people. */
const FOUND_BY: Readonly<Record<Decider, string>> = {
  stub: 'the stubs while a program runs',
  model: 'traces of the embedded kernel',
  image: 'traces of a kernel image',
};

function withDeciders(rule: RuleInfo): RuleInfo {
  return { ...rule, decidedBy: decidersOf(rule) };
}
