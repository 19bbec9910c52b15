// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import { DEFECTS, DEFECT_NAMES, defectNamed, type Defect, type DefectName } from '../../../emulator/kernel/defects.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { bold, printJson, printLine, printTable, wrap } from '../output.ts';

/** `sel4scope defects [NAME]`: the historic defects that the embedded kernel can show, or one of them in full. */
export function defectsCommand(): Command {
  return new Command('defects')
    .description('list the historic defects that the embedded kernel can show, or describe one')
    .argument('[name]', 'defect, e.g. sc-consumed')
    .option('--json', 'print JSON')
    .action((name: string | undefined, options: { json?: boolean }) => {
      if (name === undefined) listDefects(options.json === true);
      else describeDefect(known(name), options.json === true);
    });
}

function known(name: string): DefectName {
  try {
    return defectNamed(name);
  } catch (error) {
    throw new CommandError(EXIT.usage, (error as RangeError).message);
  }
}

function listDefects(json: boolean): void {
  const defects = DEFECT_NAMES.map((name) => ({ name, ...DEFECTS[name] as Defect }));
  if (json) return printJson(defects);
  printTable(defects, [
    { title: 'defect', text: ({ name }) => name },
    { title: 'kernels', text: ({ configurations }) => configurations.join(' ') },
    { title: 'releases', text: releasesOf },
    { title: 'rules', text: ({ rules }) => rules.join(' ') },
    { title: 'title', text: ({ title }) => title },
  ]);
}

function describeDefect(name: DefectName, json: boolean): void {
  const defect: Defect = DEFECTS[name];
  if (json) return printJson({ name, ...defect });
  printLine(`${bold(name)}: ${defect.title}`);
  printLine();
  printLine(wrap(defect.shows, 96));
  printLine();
  printLine(`Kernels: ${defect.configurations.join(', ')}. Releases: ${releasesOf(defect)}. Mended by: ${defect.mendedBy}`);
  printLine(`Found by ${defect.rules.join(', ')} at ${defect.methods.join(', ')}`);
}

function releasesOf({ releases }: Defect): string {
  if (releases === null) return 'none';
  const [first, last] = releases;
  return first === last ? first : `${first} to ${last}`;
}
