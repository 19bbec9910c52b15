// SPDX-License-Identifier: BSD-2-Clause
import { Argument, Command, InvalidArgumentError } from 'commander';
import { DECISIONS, FINDING_STATES, type Affected, type Finding, type FindingDecision, type FindingDetail, type FindingPage } from '../../../schema/api/index.ts';
import { bold, dim, green, note, printJson, printLine, printTable, red, wrap, yellow } from '../output.ts';
import { accessService, withServiceOptions, type ServiceAccess, type ServiceOptions } from '../service-access.ts';
import { parseNatural } from './options.ts';

interface FindingsOptions extends ServiceOptions {
  readonly state?: string;
  readonly rule?: string;
  readonly method?: string;
  readonly severity?: string;
  readonly release?: string;
  readonly config?: string;
  readonly kernel?: string;
  readonly tag?: string;
  readonly run?: string;
  readonly limit: number;
  readonly json?: boolean;
}

interface SetOptions extends ServiceOptions {
  readonly reason?: string;
  readonly release?: string;
  readonly json?: boolean;
}

/** `sel4scope findings [FINGERPRINT]`: anomalies of one fingerprint over all runs; `sel4scope findings set` decides about one. */
export function findingsCommand(): Command {
  return withServiceOptions(new Command('findings'))
    .description('list what the rules found over all runs, one line for each rule, method and situation; or show one')
    .argument('[fingerprint]', 'show this one in full')
    .option('--state <states>', `only in these states, with commas between them: ${FINDING_STATES.join(', ')}`, parseStates)
    .option('--rule <rule>', 'of one rule, e.g. K05')
    .option('--method <method>', 'of one method, e.g. SchedContextConsumed')
    .option('--severity <severity>', 'error, warning or info')
    .option('--release <version>', 'found in a run of this release')
    .option('--config <name>', 'found in a run of this configuration, e.g. riscv64-mcs')
    .option('--kernel <kind>', 'found in a run on this kernel: model or image')
    .option('--tag <tag>', 'found in a run with this tag')
    .option('--run <id>', 'found in this run')
    .option('--limit <rows>', 'most rows, 0 for all', parseNatural, 100)
    .option('--json', 'print JSON')
    .addHelpText('after', `
Examples:
  sel4scope findings --state open,regressed
  sel4scope findings K05/SchedContextConsumed/Call/replied/rw
  sel4scope findings set K05/SchedContextConsumed/Call/replied/rw acknowledged --reason "seL4#1435"
  sel4scope findings set K05/SchedContextConsumed/Call/replied/rw fixed --release 14.0.0`)
    .enablePositionalOptions()
    .addCommand(setCommand())
    .action((fingerprint: string | undefined, options: FindingsOptions) => withService(options, async (service) => {
      if (fingerprint === undefined) return list(service, options);
      const detail = await service.get<FindingDetail>(pathOf(fingerprint));
      if (options.json === true) printJson(detail);
      else printDetail(detail);
    }));
}

function setCommand(): Command {
  return withServiceOptions(new Command('set'))
    .description('decide about a finding')
    .argument('<fingerprint>', 'as `sel4scope findings` lists it')
    .addArgument(new Argument('<state>', 'acknowledged: known; expected: meant to be so; fixed: mended, and regressed when it comes back; open: none of these').choices(DECISIONS))
    .option('--reason <text>', 'why; needed for acknowledged and expected')
    .option('--release <version>', 'with fixed: release that has the fix; older ones may still show it')
    .option('--json', 'print JSON')
    .action((fingerprint: string, state: FindingDecision['state'], { reason, release, ...options }: SetOptions) => withService(options, async (service) => {
      const decision: FindingDecision = { state, ...(reason === undefined ? {} : { reason }), ...(release === undefined ? {} : { release }) };
      const detail = await service.send<FindingDetail>('PATCH', pathOf(fingerprint), decision);
      if (options.json === true) printJson(detail);
      else printLine(`${fingerprint}: ${stateText(detail.finding)}`);
    }));
}

async function withService(options: ServiceOptions, work: (service: ServiceAccess) => Promise<void>): Promise<void> {
  const service = await accessService(options);
  try {
    await work(service);
  } finally {
    await service.close();
  }
}

function pathOf(fingerprint: string): string {
  return `/api/findings/${encodeURIComponent(fingerprint)}`;
}

async function list(service: ServiceAccess, options: FindingsOptions): Promise<void> {
  const { findings, more } = await fetchFindings(service, options);
  if (options.json === true) return printJson({ findings, more });
  if (findings.length === 0) return printLine('no finding');
  printTable(findings, [
    { title: 'state', text: ({ state }) => state },
    { title: 'severity', text: ({ severity }) => severity },
    { title: 'fingerprint', text: ({ fingerprint }) => fingerprint },
    { title: 'count', text: ({ count }) => String(count), right: true },
    { title: 'runs', text: ({ runs }) => String(runs), right: true },
    { title: 'releases', text: ({ releases }) => names(releases, 4) },
    { title: 'not in', text: ({ notIn }) => [...new Set(notIn.map(({ release }) => release))].slice(-4).join(' ') },
    { title: 'last seen', text: ({ last }) => day(last.at) },
    { title: 'reason', text: ({ reason }) => reason },
  ]);
  if (more) note(dim(`there are more: raise --limit (${options.limit})`));
  note(dim('`sel4scope findings FINGERPRINT` shows one in full, `sel4scope findings set` decides about it'));
}

/** Findings of a query, page by page, up to `limit`; 0 stands for all. */
export async function fetchFindings(service: ServiceAccess, options: Omit<FindingsOptions, 'json'>): Promise<{ findings: Finding[]; more: boolean }> {
  const limit = options.limit === 0 ? Infinity : options.limit;
  const findings: Finding[] = [];
  let after: string | null | undefined;
  while (after !== null && findings.length < limit) {
    const page: FindingPage = await service.get<FindingPage>('/api/findings', {
      state: options.state, rule: options.rule?.toUpperCase(), method: options.method, severity: options.severity, release: options.release,
      configuration: options.config, kernel: options.kernel, tag: options.tag, run: options.run, after, limit: Math.min(limit - findings.length, 500),
    });
    findings.push(...page.findings);
    after = page.next;
  }
  return { findings, more: after !== null };
}

function printDetail({ finding, changes, occurrences, example }: FindingDetail): void {
  const { rule, title, severity, method, situation } = finding;
  printLine(bold(`${rule} ${title}`));
  printLine(`  ${severity} at ${method}: ${[situation.entry, situation.outcome, `IPC buffer ${situation.buffer}`].join(', ')}`);
  printLine(`  ${stateText(finding)}`);
  printLine(`  found ${finding.count} times in ${finding.runs} runs, first ${sighting(finding.first)}, last ${sighting(finding.last)}`);
  printLine(`  releases        ${names(finding.releases)}`);
  printLine(`  configurations  ${names(finding.configurations)}`);
  printLine(`  kernels         ${names(finding.kernels)}`);
  printLine(`  not found in    ${finding.notIn.map(({ release, configuration, records }) => `${release} ${configuration} (${records} records)`).join(', ') || '-'}`);
  if (example !== null) printLine(`  for example     sel4scope records ${example.seq} --run ${example.run}`);
  if (changes.length > 0) {
    printLine();
    for (const { state, reason, fixedIn, at } of changes) printLine(wrap(`${day(at)}  ${stateText({ state, reason, fixedIn })}`, 96, '  '));
  }
  if (occurrences.length === 0) return;
  printLine();
  printTable(occurrences, [
    { title: 'run', text: ({ run }) => run },
    { title: 'started', text: ({ startedAt }) => day(startedAt) },
    { title: 'program', text: ({ program }) => program },
    { title: 'kernel', text: ({ kernel, kernelVersion }) => `${kernel} ${kernelVersion}` },
    { title: 'release', text: ({ release }) => release || '-' },
    { title: 'configuration', text: ({ configuration }) => configuration },
    { title: 'count', text: ({ count }) => String(count), right: true },
    { title: 'records', text: ({ firstSeq, lastSeq, recordsKept }) => `${firstSeq === lastSeq ? firstSeq : `${firstSeq} to ${lastSeq}`}${recordsKept ? '' : ' (not kept)'}` },
  ]);
  if (finding.runs > occurrences.length) note(dim(`and ${finding.runs - occurrences.length} older runs`));
}

const PAINT = { open: yellow, acknowledged: dim, expected: dim, fixed: green, regressed: red } as const;

function stateText({ state, reason, fixedIn }: Pick<Finding, 'state' | 'reason' | 'fixedIn'>): string {
  return `${PAINT[state](state)}${state === 'fixed' && fixedIn !== '' ? ` in ${fixedIn}` : ''}${reason === '' ? '' : `: ${reason}`}`;
}

function sighting({ at, run, seq }: Finding['first']): string {
  return `${day(at)}${run === null ? '' : ` in record ${seq} of ${run}`}`;
}

function names(affected: readonly Affected[], most = Infinity): string {
  const known = affected.map(({ name, runs }) => `${name === '' ? 'unknown' : name}${runs === 1 || most < Infinity ? '' : ` (${runs} runs)`}`);
  return known.length === 0 ? '-' : `${known.slice(0, most).join(most < Infinity ? ' ' : ', ')}${known.length > most ? ` +${known.length - most}` : ''}`;
}

/** To the minute. */
function day(moment: string): string {
  return moment.slice(0, 16).replace('T', ' ');
}

function parseStates(text: string): string {
  const wrong = text.split(',').find((state) => !(FINDING_STATES as readonly string[]).includes(state));
  if (wrong !== undefined) throw new InvalidArgumentError(`Choose from ${FINDING_STATES.join(', ')}, with commas between them.`);
  return text;
}
