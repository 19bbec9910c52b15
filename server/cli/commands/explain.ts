// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import { RULES } from '../../../schema/rules/catalogue.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { bold, printJson, printLine, printTable, wrap } from '../output.ts';

/** `sel4scope explain [RULE]`: what a rule means and what to do about a finding; without a rule, the list of all. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('explain a rule, or list all rules')
    .argument('[rule]', 'rule id, e.g. K05')
    .option('--json', 'print JSON')
    .action((id: string | undefined, options: { json?: boolean }) => {
      if (id === undefined) listRules(options.json === true);
      else explainRule(id, options.json === true);
    });
}

function listRules(json: boolean): void {
  const rules = [...RULES.values()];
  if (json) return printJson(rules);
  printTable(rules, [
    { title: 'rule', text: (rule) => rule.id },
    { title: 'severity', text: (rule) => rule.severity },
    { title: 'name', text: (rule) => rule.name },
    { title: 'title', text: (rule) => rule.title },
  ]);
}

function explainRule(id: string, json: boolean): void {
  const rule = RULES.get(id.toUpperCase());
  if (rule === undefined) {
    throw new CommandError(EXIT.usage, `there is no rule ${id}`, `choose from ${[...RULES.keys()].join(', ')}`);
  }
  if (json) return printJson(rule);
  printLine(`${bold(rule.id)} ${rule.name} (${rule.severity}): ${rule.title}`);
  printLine();
  printLine(wrap(rule.explanation, 96));
  if (rule.references.length > 0) {
    printLine();
    printLine(`References: ${rule.references.join(', ')}`);
  }
}
