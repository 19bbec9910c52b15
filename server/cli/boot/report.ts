// SPDX-License-Identifier: BSD-2-Clause
import { diagnosticText } from '../../../emulator/machine/devices/bus.ts';
import type { Machine } from '../../../emulator/machine/boot/machine.ts';
import { endText } from '../../../emulator/machine/boot/machine-end.ts';
import { stateHash } from '../../../emulator/machine/boot/snapshot.ts';
import { hartLines, hartSummary, type HartSummary } from '../../../emulator/machine/boot/state-text.ts';
import type { SymbolTable } from '../../../emulator/machine/image/symbols.ts';
import { EXIT } from '../exit-codes.ts';
import { bold, note, red, virtualTime } from '../output.ts';
import type { BootOutcome } from './session.ts';

/** What `sel4scope boot --json` prints. */
export interface BootReport {
  /** `shutdown`, `reset`, `failure`, `waitForever`, `spin`, `noProgress`, `trapLoop`, `expected`, `instructions`, `timeLimit` or `interrupted`. */
  readonly outcome: string;
  readonly text: string;
  /** The line in which the kernel said that it gave up. */
  readonly panic?: string;
  readonly hart: string;
  readonly instructions: number;
  readonly virtualNs: string;
  readonly wallSeconds: number;
  readonly instructionsPerSecond: number;
  /** Refused accesses. */
  readonly diagnostics: readonly string[];
  /** SBI calls that nothing serves, with how often they were made. */
  readonly unsupportedSbiCalls: Readonly<Record<string, number>>;
  /** Harts that the guest wanted to start; there is only hart 0. */
  readonly absentHarts: readonly number[];
  readonly console: readonly string[];
  readonly state: HartSummary;
  /** Symbol of the kernel that pc is in, where its file is known and has one. */
  readonly symbol?: string;
  /** Over hart, devices and memory: equal for machines that will do the same. */
  readonly stateSha256: string;
}

/** Looks at a machine whose session is over. `instructions` ran in `wallSeconds`; `symbols` are the kernel's. */
export function bootReport(machine: Machine, outcome: BootOutcome, instructions: number, wallSeconds: number, symbols?: SymbolTable): BootReport {
  const { panic } = machine.console;
  const symbol = symbols?.at(machine.pc);
  return {
    outcome: outcome.kind === 'ended' ? outcome.end.kind : outcome.kind,
    text: outcomeText(outcome),
    ...(panic === undefined ? {} : { panic }),
    hart: machine.hartName,
    instructions: machine.instructions,
    virtualNs: machine.clock.now().toString(),
    wallSeconds,
    instructionsPerSecond: Math.round(instructions / wallSeconds),
    diagnostics: machine.bus.diagnostics().map(diagnosticText),
    unsupportedSbiCalls: Object.fromEntries(machine.sbi.unsupported),
    absentHarts: [...machine.sbi.absentHarts].map(Number),
    console: machine.console.lines(),
    state: hartSummary(machine),
    ...(symbol === undefined ? {} : { symbol: `${symbol.name}+0x${(machine.pc - symbol.address).toString(16)}` }),
    stateSha256: stateHash(machine),
  };
}

/** 0 fine, 1 the expected text did not come, 4 the guest failed, 5 a limit was reached, 130 interrupted. */
export function exitCodeOf({ outcome, panic }: BootReport, expect: string | undefined): number {
  switch (outcome) {
    case 'expected': return EXIT.fine;
    case 'interrupted': return EXIT.interrupted;
    case 'instructions': case 'timeLimit': return EXIT.timeout;
    case 'shutdown': case 'reset':
      if (panic !== undefined) return EXIT.crashed;
      return expect === undefined ? EXIT.fine : EXIT.findings;
    default: return EXIT.crashed;
  }
}

/** For people, to standard error; the console was shown already. */
export function printReport(report: BootReport, failed: boolean): void {
  note('');
  note(`${bold(report.text)}${report.panic === undefined ? '' : `\n${red('the kernel gave up')}: ${report.panic}`}`);
  if (failed) {
    if (report.symbol !== undefined) note(`in ${report.symbol} of the kernel`);
    for (const line of hartLines(report.state)) note(line);
    note('last lines of the console:');
    for (const line of report.console.slice(-10)) note(`  ${line}`);
  }
  for (const [call, count] of Object.entries(report.unsupportedSbiCalls)) note(`SBI call ${call} is not served (${count} times)`);
  if (report.absentHarts.length > 0) note(`the guest wanted to start hart ${report.absentHarts.join(', ')}: this machine has hart 0 alone, so a kernel for several cores waits for ever`);
  const rate = (report.instructionsPerSecond / 1e6).toFixed(1);
  note(`${report.instructions} instructions, ${virtualTime(Number(report.virtualNs))} virtual; ${report.wallSeconds.toFixed(1)} s on the ${report.hart} hart, ${rate} million instructions/s`);
}

function outcomeText(outcome: BootOutcome): string {
  switch (outcome.kind) {
    case 'ended': return endText(outcome.end);
    case 'expected': return 'the expected text was written';
    case 'instructions': return 'the limit of instructions was reached';
    case 'timeLimit': return 'the limit of virtual time was reached';
    case 'interrupted': return 'interrupted';
  }
}
