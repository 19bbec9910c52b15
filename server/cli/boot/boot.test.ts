// SPDX-License-Identifier: BSD-2-Clause
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../../emulator/machine/isa/assemble.ts';
import { HART_NAMES } from '../../../emulator/machine/boot/hart-names.ts';
import { elfOf, patched } from '../../../emulator/machine/boot/testing/elf.ts';
import { EXPECTED_LINES, supervisorProgram } from '../../../emulator/machine/boot/testing/supervisor-program.ts';
import { THREAD_CAP, smallKernel } from '../../../emulator/machine/host/testing/small-kernel.ts';
import { elfWith, type TestSymbol } from '../../../emulator/machine/image/testing/make-elf.ts';
import { INIT_CAP, SYSCALL_NUMBERS } from '../../../schema/abi/index.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { RecordRow } from '../../../schema/api/index.ts';
import { packageFile } from '../../package-paths.ts';
import type { BootReport } from './report.ts';

/** Several processes on a busy machine, ms. */
const SLOW = 300_000;

/** The built command: `npm test` builds first. */
const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sel4scope-boot-'));
  writeFileSync(file('supervisor.elf'), supervisorProgram());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);

/** A flat binary for S mode. */
function program(name: string, source: string): string {
  writeFileSync(file(name), assemble(source, 0x8020_0000n).bytes);
  return file(name);
}

/** Prints a text and a line end. */
const print = (text: string): string => [...new TextEncoder().encode(`${text}\n`)].map((byte) => `li a0, ${byte}\n li a7, 1\n ecall\n`).join('');
const SHUTDOWN = 'li a7, 8\n ecall\n';
/** Prints what is typed, and shuts down at a full stop. */
const ECHO = `
  loop: li a7, 2
  ecall
  bgez a0, typed
  rdtime a0
  li t0, 10000
  add a0, a0, t0
  li a7, 0
  ecall
  li t0, 0x20
  csrs sie, t0
  wfi
  j loop
  typed: mv s0, a0
  li a7, 1
  ecall
  li t0, 46
  bne s0, t0, loop
  li a7, 8
  ecall`;

/** A kernel whose only user thread makes a system call and dies of a breakpoint. */
const TWO_TRAPS = `
  la t0, handler
  csrw stvec, t0
  la t0, user
  csrw sepc, t0
  li t0, 0x100
  csrc sstatus, t0
  sret
  user: li a7, -1
  ecall
  ebreak
  .align 2
  handler: csrr t0, scause
  li t1, 3
  beq t0, t1, off
  csrr t0, sepc
  addi t0, t0, 4
  csrw sepc, t0
  sret
  off: ${SHUTDOWN}`;

const KERNEL_BASE = 0xffff_ffff_8020_0000n;

/** A kernel of two instructions, with one symbol. */
function spinningKernel(symbol: TestSymbol): Uint8Array {
  return elfWith({}, [symbol], { virtualAddress: KERNEL_BASE, physicalAddress: 0x8020_0000n, data: assemble('loop: nop\n j loop', KERNEL_BASE).bytes });
}

/** The file without its section headers, and so without symbols. */
function stripped(data: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(data);
  copy.fill(0, 40, 48);
  copy.fill(0, 60, 64);
  return copy;
}

/** The root task of the small kernel: resumes itself, yields, waits for a signal, says so, and switches the machine off. */
const ROOT_TASK = `
  li a7, ${SYSCALL_NUMBERS.classic.Call}
  li a0, ${THREAD_CAP}
  li a1, ${interfacesOf('riscv64-classic').byId.get('TCBResume')!.label << 12}
  ecall
  li a7, ${SYSCALL_NUMBERS.classic.Yield}
  ecall
  li a7, ${SYSCALL_NUMBERS.classic.Recv}
  li a0, ${INIT_CAP.threadVSpace}
  ecall
  li a7, ${SYSCALL_NUMBERS.classic.DebugPutChar}
  li a0, 33
  ecall
  li a7, ${SYSCALL_NUMBERS.classic.DebugHalt}
  ecall`;

function hasGdb(): boolean {
  const found = spawnSync('gdb-multiarch', ['--version']).status === 0;
  if (!found) console.warn('sel4scope boot --gdb is NOT tested: no gdb-multiarch (apt-get install gdb-multiarch)');
  return found;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function boot(args: readonly string[], typed?: string): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, 'boot', ...args], { cwd: folder, env: { ...process.env, NO_COLOR: '1' } });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
  child.stdin.end(typed ?? '');
  return new Promise((resolve) => { child.on('close', (code) => resolve({ code, out, err })); });
}

/** What is kept of the only run in a data directory: what a thread did, and what came of it. */
async function kept(data: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, 'records', '--data', data, '--json'], { cwd: folder });
  const { rows } = JSON.parse(stdout) as { readonly rows: readonly RecordRow[] };
  return rows.map(({ cause, thread, syscall, method, outcome }) => `${thread} ${cause} ${syscall} ${method} ${outcome}`.replace(/ +/g, ' '));
}

describe('sel4scope boot', () => {
  it.skipIf(!hasGdb())('lets a debugger run the machine, and goes on by itself when it detaches', async () => {
    const child = spawn(process.execPath, [COMMAND, 'boot', 'supervisor.elf', '--gdb', '0'], { cwd: folder, env: { ...process.env, NO_COLOR: '1' } });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
    const port = await new Promise<string>((resolve) => {
      let err = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        err += text;
        const found = /target remote 127\.0\.0\.1:(\d+)/.exec(err);
        if (found !== null) resolve(found[1]!);
      });
    });
    const ended = new Promise<number | null>((resolve) => { child.on('close', resolve); });
    const commands = ['set architecture riscv:rv64', `target remote 127.0.0.1:${port}`, 'info threads', 'stepi', 'p/x $pc', 'monitor time', 'detach'];
    const gdb = await promisify(execFile)('gdb-multiarch', ['-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])], { timeout: 120_000 });
    expect(gdb.stdout).toContain('"hart 0" (M mode)');
    expect(gdb.stdout).toMatch(/\$1 = 0x8000000[248]/);
    expect(await ended).toBe(0);
    expect(out.trimEnd().split('\n')).toEqual(EXPECTED_LINES);
  });

  it.each(['wasm', 'typescript'])('runs an image on the %s hart, its console on standard output', async (hart) => {
    const run = await boot(['supervisor.elf', '--hart', hart]);
    expect(run.code).toBe(0);
    expect(run.out.trimEnd().split('\n')).toEqual(EXPECTED_LINES);
    expect(run.err).toContain('sel4scope: load of 4 bytes at 0x300000 from pc ');
    expect(run.err).toContain('the guest shut the machine down (test finisher)');
    expect(run.err).toMatch(/\d+ instructions, 3\.\d+ ms virtual; [\d.]+ s on the \w+ hart/);
  });

  it('prints a report as JSON', async () => {
    const run = await boot(['supervisor.elf', '--json', '--ns-per-instruction', '16']);
    const report = JSON.parse(run.out) as BootReport;
    expect(report).toMatchObject({ outcome: 'shutdown', hart: 'wasm', console: EXPECTED_LINES, unsupportedSbiCalls: {} });
    expect(report.diagnostics).toHaveLength(1);
    expect(run.err).toContain('all tests passed');
  });

  it('stops at an expected text, and fails when it does not come', async () => {
    const seen = await boot(['supervisor.elf', '--expect', 'ok page tables']);
    expect([seen.code, seen.out.trimEnd().split('\n').at(-1)]).toEqual([0, 'ok page tables']);
    const missed = await boot(['supervisor.elf', '--expect', 'All is well in the universe']);
    expect([missed.code, missed.out.trimEnd().split('\n').at(-1)]).toEqual([1, 'all tests passed']);
  });

  it('ends with 5 at a limit', async () => {
    const loop = program('loop.bin', 'loop: addi a0, a0, 1\n j loop');
    const counted = await boot([loop, '--instructions', '123457', '--json']);
    expect([counted.code, (JSON.parse(counted.out) as BootReport).instructions]).toEqual([5, 123_457]);
    const timed = await boot([loop, '--time-limit', '2', '--json']);
    expect([timed.code, (JSON.parse(timed.out) as BootReport).virtualNs]).toEqual([5, '2000000']);
  });

  it('traces registers alone of a kernel that cannot be read', async () => {
    const image = program('traps.bin', TWO_TRAPS);
    const run = await boot([image, '--trace', '--registers-only', '--config', 'mcs', '--data', 'data']);
    expect(run.code).toBe(0);
    expect(run.err).toContain('only registers are recorded: no states, objects or methods, and no rules are asked');
    expect(run.err).toMatch(/trace: run \S+, 2 records, no rules asked/);
    const refused = await boot([image, '--trace', '--data', 'data']);
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/needs the kernel\.elf of its build.*\n.*--registers-only records what the hart shows/)]);
    const unclear = await boot([image, '--trace', '--registers-only', '--data', 'data']);
    expect([unclear.code, unclear.err]).toEqual([2, expect.stringContaining('--registers-only needs --config mcs or --config classic')]);
    const alone = await boot([image, '--registers-only']);
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('--registers-only goes with --trace')]);
  });

  it('says what is missing of a stripped kernel, and what can be done', async () => {
    writeFileSync(file('stripped.elf'), stripped(supervisorProgram()));
    const run = await boot(['supervisor.elf', '--trace', 'stripped.elf', '--data', 'data']);
    expect(run.code).toBe(3);
    expect(run.err).toMatch(/stripped\.elf has no symbols \(it is stripped\).*\n.*--registers-only records/);
  });

  const realImage = process.env['SEL4SCOPE_SEL4TEST_MCS'];
  const realKernel = process.env['SEL4SCOPE_KERNEL_MCS'];
  if (realImage === undefined || realKernel === undefined) console.warn('a stripped real kernel is not tested: SEL4SCOPE_SEL4TEST_MCS and SEL4SCOPE_KERNEL_MCS are not both set');
  it.skipIf(realImage === undefined || realKernel === undefined)('traces a real system whose kernel is stripped', async () => {
    writeFileSync(file('stripped.elf'), stripped(readFileSync(realKernel!)));
    const refused = await boot([realImage!, '--trace', 'stripped.elf', '--data', 'data']);
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining('has no symbols')]);
    const run = await boot([realImage!, '--trace', 'stripped.elf', '--registers-only', '--config', 'mcs', '--instructions', '60000000', '--data', 'data']);
    expect(run.code).toBe(5);
    expect(run.err).toMatch(/trace: run \S+, [1-9]\d{2,} records, no rules asked/);
  }, 300_000);

  it('goes on from a saved machine', async () => {
    const first = await boot(['supervisor.elf', '--instructions', '1000', '--save', 'half.machine']);
    expect(first.code).toBe(5);
    expect(first.err).toContain('saved to half.machine');
    const rest = await boot(['--restore', 'half.machine']);
    expect(rest.code).toBe(0);
    expect((first.out + rest.out).trimEnd().split('\n')).toEqual(EXPECTED_LINES);
    const [whole, half] = await Promise.all([boot(['supervisor.elf', '--json']), boot(['--restore', 'half.machine', '--json'])]);
    const { outcome, instructions, virtualNs, console, state, stateSha256 } = JSON.parse(whole.out) as BootReport;
    expect(JSON.parse(half.out)).toMatchObject({ outcome, instructions, virtualNs, console, state, stateSha256 });
  });

  it('types standard input at the console in real time', async () => {
    const run = await boot([program('echo.bin', ECHO), '--realtime'], 'seL4.');
    expect(run).toMatchObject({ code: 0, out: 'seL4.' });
  });

  describe('--trace', () => {
    const system = ['--kernel', 'kernel.elf', '--root', 'root.elf'];
    beforeAll(() => {
      writeFileSync(file('kernel.elf'), smallKernel());
      writeFileSync(file('root.elf'), elfOf(0x1_0000n, [{ virtualAddress: 0x1_0000n, data: assemble(ROOT_TASK, 0x1_0000n).bytes }]));
    });

    it.each(HART_NAMES)('keeps every trap of a user thread of a complete system, on the %s hart', async (hart) => {
      const run = await boot([...system, '--hart', hart, '--trace', '--data', hart]);
      expect(run).toMatchObject({ code: 0, out: '!' });
      expect(run.err).toMatch(/trace: run \S+, 7 records, no anomalies/);
      expect(await kept(hart)).toEqual([
        '1 syscall Call TCBResume replied', '1 syscall Yield completed', '1 interrupt completed', '1 syscall Recv blocked', '0 interrupt completed',
        '1 syscall DebugPutChar completed', '1 syscall DebugHalt completed',
      ]);
    }, SLOW);

    it('refuses symbols of another kernel', async () => {
      writeFileSync(file('other.elf'), smallKernel().map((byte, i) => (i === 64 ? byte ^ 0x80 : byte)));
      const run = await boot([...system, '--trace', 'other.elf', '--data', 'other']);
      expect(run.code).toBe(3);
      expect(run.err).toContain('the machine runs another kernel than other.elf: their code differs');
    }, SLOW);
  });

  describe('reports with 4', () => {
    it('a kernel that gives up, with its words', async () => {
      const run = await boot([program('panic.bin', print('seL4 failed assertion \'x\' at y.c:1') + print('halting...') + SHUTDOWN)]);
      expect(run.code).toBe(4);
      expect(run.err).toContain('the kernel gave up: seL4 failed assertion \'x\' at y.c:1');
      expect(run.err).toContain('last lines of the console:');
    });

    it('a kernel that spins, with its state', async () => {
      const run = await boot([program('spin.bin', `${print('bye')} li s0, 0x1234\n j .`)]);
      expect(run.code).toBe(4);
      expect(run.err).toMatch(/the hart jumps to itself with interrupts off, at pc 0x802000\w+\npc 0x802000\w+ \(S mode\): j 0x802000/);
      expect(run.err).toContain('s0 0x1234');
      expect(run.err).toContain('  bye');
    });

    it('a kernel that spins with its timer due, with its place', async () => {
      const run = await boot([program('busy.bin', `${print('bye')} rdtime a0\n li a7, 0\n ecall\n loop: addi s1, s1, 1\n j loop`), '--stuck-after', '100000']);
      expect(run.code).toBe(4);
      expect(run.err).toMatch(/the hart runs in S mode for 100000 instructions now, with no timer set, no device used and no firmware called, at pc 0x802000\w+/);
      expect(run.err).toContain('last lines of the console:\n  bye');
    });

    it('the symbol where a kernel spins', async () => {
      writeFileSync(file('root.elf'), elfOf(0x1_0000n, [{ virtualAddress: 0x1_0000n, data: Uint8Array.of(1) }]));
      writeFileSync(file('spinning.elf'), spinningKernel({ name: 'spinHere', value: KERNEL_BASE }));
      const run = await boot(['--kernel', 'spinning.elf', '--root', 'root.elf', '--stuck-after', '100000']);
      expect(run.code).toBe(4);
      expect(run.err).toMatch(/in spinHere\+0x0 of the kernel\npc 0xffffffff80200000 \(S mode\)/);
    });

    it('user code that spins without a timer', async () => {
      const run = await boot([program('user.bin', 'la t0, user\n csrw sepc, t0\n li t0, 0x100\n csrc sstatus, t0\n sret\n user: addi s1, s1, 1\n j user'), '--stuck-after', '100000']);
      expect([run.code, run.err]).toEqual([4, expect.stringContaining('the hart runs in U mode for 100000 instructions now')]);
    });

    it('a guest that waits for other harts, by their numbers', async () => {
      const startHart = 'li a7, 0x48534d\n li a6, 0\n li a0, 1\n li a1, 0x80200000\n ecall\n';
      const run = await boot([program('smp.bin', `${startHart} la t0, there\n loop: lw t1, 0(t0)\n beqz t1, loop\n there: .dword 0`), '--stuck-after', '100000', '--json']);
      expect(run.code).toBe(4);
      expect(JSON.parse(run.out)).toMatchObject({ outcome: 'noProgress', absentHarts: [1] });
      const text = await boot(['smp.bin', '--stuck-after', '100000']);
      expect(text.err).toContain('the guest wanted to start hart 1: this machine has hart 0 alone');
    });

    it('a traced kernel that gives up, with its last records', async () => {
      const image = program('panic.bin', TWO_TRAPS.replace('off: ', `off: ${print('seL4 failed assertion \'x\' at y.c:1')}`));
      const run = await boot([image, '--trace', '--registers-only', '--config', 'mcs', '--data', 'data']);
      expect(run.code).toBe(4);
      expect(run.err).toMatch(/last records:\n {2}1 at [\d.]+ .s: thread at 0x0: Call, completed\n {2}2 at [\d.]+ .s: thread at 0x0: userException, completed/);
      expect(run.err).toContain('the kernel gave up: seL4 failed assertion');
    });

    it('a wait that never ends', async () => {
      const run = await boot([program('wait.bin', 'wfi\n j .')]);
      expect(run.code).toBe(4);
      expect(run.err).toContain('the hart waits for an interrupt that nothing can raise, at pc 0x80200004');
    });

    it('a guest that fills more memory than it may', async () => {
      const run = await boot([program('fill.bin', 'li t0, 0x80300000\n li t1, 4096\n loop: sd t0, 0(t0)\n add t0, t0, t1\n j loop'), '--resident', '4']);
      expect(run.code).toBe(4);
      expect(run.err).toContain('the guest fills more of its RAM than the machine has memory for\n  raise --resident');
    });

    it('a trap handler that traps', async () => {
      const run = await boot([program('trap.bin', 'csrw stvec, zero\n ebreak')]);
      expect(run.code).toBe(4);
      expect(run.err).toContain('the trap handler takes the same exception again and again: instruction access fault at pc 0x0');
    });
  });

  it('names a store to ROM', async () => {
    const run = await boot([program('rom.bin', `la t0, refused\n csrw stvec, t0\n li t0, 0x1000\n sw t0, 0(t0)\n .align 2\n refused: ${SHUTDOWN}`)]);
    expect(run.code).toBe(0);
    expect(run.err).toMatch(/sel4scope: store of 4 bytes at 0x1000 from pc 0x802000\w+: .*rom/);
  });

  it.each([
    ['nothing', [], 'give one of an image, --kernel with --root, and --restore'],
    ['two things', ['supervisor.elf', '--restore', 'x'], 'give one of an image, --kernel with --root, and --restore'],
    ['a kernel alone', ['--kernel', 'supervisor.elf'], '--kernel and --root belong together'],
    ['an instruction that takes 7 ns', ['supervisor.elf', '--ns-per-instruction', '7'], 'Give a whole number from 8 to 32.'],
    ['a hart that is not there', ['supervisor.elf', '--hart', 'quick'], 'Allowed choices are wasm, typescript.'],
  ])('refuses %s with 2', async (_what, args, message) => {
    const run = await boot(args);
    expect(run.code).toBe(2);
    expect(run.err).toContain(message);
  });

  it.each([
    ['that is missing', () => ['missing.elf'], 'missing.elf cannot be read: ENOENT'],
    ['cut short', () => { writeFileSync(file('short.elf'), supervisorProgram().subarray(0, 500)); return ['short.elf']; }, 'short.elf: segment 0 is truncated'],
    ['cut short in its header', () => { writeFileSync(file('short.elf'), supervisorProgram().subarray(0, 40)); return ['short.elf']; }, 'short.elf: truncated: an ELF header has 64 bytes, the file has 40'],
    ['cut short in its program headers', () => { writeFileSync(file('short.elf'), supervisorProgram().subarray(0, 100)); return ['short.elf']; }, 'short.elf: table of program headers is truncated'],
    ['for x86-64', () => { writeFileSync(file('x86.elf'), patched(supervisorProgram(), 18, 62)); return ['x86.elf']; }, 'x86.elf: built for machine 62, not for RISC-V (243)'],
    ['for 32-bit RISC-V', () => { writeFileSync(file('rv32.elf'), patched(supervisorProgram(), 4, 1)); return ['rv32.elf']; }, 'rv32.elf: a 32-bit ELF file: the machine is RV64'],
    ['that is a kernel for several cores', () => { writeFileSync(file('smp.elf'), spinningKernel({ name: 'ksSMP', value: KERNEL_BASE })); return ['--kernel', 'smp.elf', '--root', 'supervisor.elf']; }, 'smp.elf: a kernel for several cores (it has ksSMP)'],
    ['for another machine', () => [process.execPath], /built for machine \d+, not for RISC-V \(243\)/],
    ['that is a kernel', () => { writeFileSync(file('k.elf'), elfOf(0xffff_ffff_8020_0000n, [{ virtualAddress: 0xffff_ffff_8020_0000n, data: Uint8Array.of(1) }])); return ['k.elf']; }, 'give a kernel with --kernel and its root task with --root'],
    ['larger than RAM', () => { writeFileSync(file('l.elf'), elfOf(0x8020_0000n, [{ virtualAddress: 0x8020_0000n, data: Uint8Array.of(1), memoryBytes: 0xd000_0000 }])); return ['l.elf']; }, 'l.elf: needs 0xd0000000 bytes, RAM has 0xc0000000'],
    ['that is no device tree', () => ['supervisor.elf', '--dtb', 'supervisor.elf'], 'supervisor.elf: not a device tree blob, or truncated'],
    ['that is no saved machine', () => ['--restore', 'supervisor.elf'], 'supervisor.elf: not a save file of a machine'],
  ])('refuses a file %s with 3', async (_what, args, message) => {
    const run = await boot(args());
    expect(run.code).toBe(3);
    expect(run.err).toMatch(message);
  });
});
