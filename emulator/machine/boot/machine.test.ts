// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { HART, STOP_ON } from '../memory/layout.ts';
import { diagnosticText } from '../devices/bus.ts';
import { HART_NAMES } from './harts.ts';
import { booted, bootedProgram } from './testing/machines.ts';
import { SBI_LINES, sbiProgram } from './testing/sbi-program.ts';
import { EXPECTED_LINES, supervisorProgram } from './testing/supervisor-program.ts';

const LIMIT = 2_000_000;

describe.each(HART_NAMES)('machine with the %s hart', (hart) => {
  it('runs a supervisor program with its own firmware: traps, page tables, timer, PLIC, UART, RTC', () => {
    const { machine, text } = booted('supervisor.elf', supervisorProgram(), { hart });
    expect(machine.run(LIMIT)).toBe('ended');
    expect(text().trimEnd().split('\n')).toEqual(EXPECTED_LINES);
    expect(machine.ended).toEqual({ kind: 'shutdown', by: 'test finisher' });
    expect(machine.bus.diagnostics().map(({ reason, address }) => [reason, address])).toEqual([['nothing is there', 0x30_0000]]);
  });

  it('is the firmware of a program that brings none', () => {
    const { machine, text } = booted('sbi.bin', sbiProgram(), { hart });
    expect(machine.run(LIMIT)).toBe('ended');
    expect(text().trimEnd().split('\n')).toEqual(SBI_LINES);
    expect(machine.ended).toEqual({ kind: 'shutdown', by: 'SBI' });
    expect([...machine.sbi.unsupported]).toEqual([['0x12345678/0', 1]]);
  });

  it('does the same whatever the slices it runs in', () => {
    const whole = booted('supervisor.elf', supervisorProgram(), { hart });
    whole.machine.run(LIMIT);
    const sliced = booted('supervisor.elf', supervisorProgram(), { hart });
    while (sliced.machine.run(7) !== 'ended');
    expect(sliced.text()).toBe(whole.text());
    expect(sliced.machine.instructions).toBe(whole.machine.instructions);
    expect(sliced.machine.clock.now()).toBe(whole.machine.clock.now());
  });

  it('stops after exactly as many instructions as asked for, and at a virtual time', () => {
    const { machine } = bootedProgram('S', 'loop: addi a0, a0, 1\n j loop', hart);
    expect(machine.run(1001)).toBe('budget');
    expect(machine.instructions).toBe(1001);
    expect(machine.run(LIMIT, { until: 10_000n })).toBe('timeLimit');
    expect([machine.instructions, machine.clock.now()]).toEqual([1250, 10_000n]);
  });

  it('receives what is typed: by interrupt with firmware of its own, by getchar without', () => {
    const echo = bootedProgram('S', 'loop: li a7, 2\n ecall\n bltz a0, loop\n li a7, 1\n ecall\n j loop', hart);
    echo.machine.type(Buffer.from('seL4'));
    echo.machine.run(500);
    expect(echo.text()).toBe('seL4');
    const uart = bootedProgram('M', 'li t0, 0x10000000\n loop: lbu t1, 5(t0)\n andi t1, t1, 1\n beqz t1, loop\n lbu t1, 0(t0)\n sb t1, 0(t0)\n j loop', hart);
    uart.machine.type(Buffer.from('seL4'));
    uart.machine.run(500);
    expect(uart.text()).toBe('seL4');
  });

  it('returns for a pause asked by a listener, right after the instruction', () => {
    const { machine } = bootedProgram('S', 'li a0, 65\n li a7, 1\n ecall\n j .', hart);
    machine.pause();
    expect(machine.run(100)).toBe('paused');
    expect(machine.instructions).toBe(0);
  });

  it('returns for what an observer wants to see, and serves the rest', () => {
    const { machine, text } = bootedProgram('S', `
      la t0, handler
      csrw stvec, t0
      li a0, 65
      li a7, 1
      ecall
      la t0, user
      csrw sepc, t0
      li t0, 0x100
      csrc sstatus, t0
      sret
      .align 2
      handler: j handler
      user: ecall`, hart);
    machine.stopOn(STOP_ON.userReturn | STOP_ON.userTrap);
    expect(machine.run(100)).toBe('userReturn');
    expect([text(), machine.state.u32(HART.privilege)]).toEqual(['A', 0]);
    expect(machine.run(100)).toBe('userTrap');
    expect(machine.state.word(HART.scause)).toBe(8n);
  });

  describe('finds a guest that is stuck', () => {
    it('jumping to itself with interrupts off', () => {
      const { machine } = bootedProgram('S', 'nop\n j .', hart);
      expect(machine.run(LIMIT)).toBe('ended');
      expect(machine.ended).toEqual({ kind: 'spin', pc: 0x8020_0004n });
    });

    it('but not one that an interrupt will free', () => {
      const { machine } = bootedProgram('S', `
        la t0, handler
        csrw stvec, t0
        li t0, 0x20
        csrs sie, t0
        rdtime a0
        li t0, 1000
        add a0, a0, t0
        li a7, 0
        ecall
        csrsi sstatus, 2
        j .
        .align 2
        handler: li a7, 8
        ecall`, hart);
      machine.run(LIMIT);
      expect(machine.ended).toEqual({ kind: 'shutdown', by: 'SBI' });
    });

    describe('by running on and on', () => {
      const SPIN = 'loop: addi a1, a1, 1\n j loop';
      const toUserMode = 'la t0, user\n csrw sepc, t0\n li t0, 0x100\n csrc sstatus, t0\n sret\n user: ';
      /** Sets the timer 1000 ticks ahead. */
      const setTimer = 'rdtime a0\n li t0, 1000\n add a0, a0, t0\n li a7, 0\n ecall\n';
      const spin = (source: string, slice = LIMIT): { mode: string; instructions: number } | undefined => {
        const { machine } = bootedProgram('S', source, hart, { stuckAfter: 50_000 });
        for (let count = 0; count < 200_000 && machine.ended === undefined; count += slice) machine.run(slice);
        return machine.ended?.kind === 'noProgress' ? machine.ended : undefined;
      };

      it('as a kernel or as user code without a timer', () => {
        expect(spin(SPIN)).toMatchObject({ mode: 'S', instructions: 50_000 });
        expect(spin(toUserMode + SPIN)).toMatchObject({ mode: 'U', instructions: 50_000 });
      });

      it('as a kernel whose timer is due, after the same instruction whatever the slices', () => {
        const source = `${setTimer} li t0, 0x20\n csrs sie, t0\n ${SPIN}`;
        expect(spin(source)).toMatchObject({ mode: 'S', instructions: 50_000 });
        expect(spin(source, 777)).toEqual(spin(source));
      });

      it('but not while somebody serves the timer', () => {
        const source = `la t0, handler\n csrw stvec, t0\n ${setTimer} li t0, 0x20\n csrs sie, t0\n ${toUserMode} ${SPIN}\n .align 2\n handler: ${setTimer} sret`;
        expect(spin(source)).toBeUndefined();
      });
    });

    it('waiting for an interrupt that nothing can raise', () => {
      const { machine } = bootedProgram('S', 'li t0, 0x222\n csrs sie, t0\n wfi\n j .', hart);
      expect(machine.run(LIMIT)).toBe('ended');
      expect(machine.ended).toEqual({ kind: 'waitForever', pc: 0x8020_000cn });
    });

    it('or lets the caller wait', () => {
      const { machine } = bootedProgram('S', 'li t0, 0x222\n csrs sie, t0\n wfi\n j .', hart);
      expect(machine.run(LIMIT, { waits: 'return' })).toBe('waiting');
      expect(machine.ended).toBeUndefined();
    });

    it('in a trap handler that cannot be fetched', () => {
      const { machine } = bootedProgram('S', 'li t0, 0x1000\n csrw stvec, t0\n ebreak', hart);
      expect(machine.run(LIMIT)).toBe('ended');
      expect(machine.ended).toEqual({ kind: 'trapLoop', pc: 0x1000n, cause: 1, value: 0x1000n });
    });

    it('in a trap handler that fails further on', () => {
      const { machine } = bootedProgram('S', 'la t0, handler\n csrw stvec, t0\n ebreak\n .align 2\n handler: nop\n ld a0, 0(zero)', hart);
      machine.run(LIMIT);
      expect(machine.ended).toMatchObject({ kind: 'trapLoop', cause: 5, value: 0n });
    });
  });

  it.each([
    ['passes', 0x5555, { kind: 'shutdown', by: 'test finisher' }],
    ['fails with a code', 0x2a_3333, { kind: 'failure', by: 'test finisher', code: 42 }],
    ['resets', 0x7777, { kind: 'reset', by: 'test finisher' }],
  ])('ends when the guest %s', (_what, value, end) => {
    const { machine } = bootedProgram('M', `li t0, 0x100000\n li t1, ${value}\n sw t1, 0(t0)\n li t1, 0x5555\n sw t1, 0(t0)\n j .`, hart);
    expect(machine.run(LIMIT)).toBe('ended');
    expect(machine.ended).toEqual(end);
    expect(machine.run(LIMIT)).toBe('ended');
  });

  it('reports a failure that the guest gives as reason of an SBI reset', () => {
    const { machine } = bootedProgram('S', 'li a0, 0\n li a1, 1\n li a7, 0x53525354\n li a6, 0\n ecall\n j .', hart);
    machine.run(LIMIT);
    expect(machine.ended).toEqual({ kind: 'failure', by: 'SBI', code: 1 });
  });

  it('names a store to read-only memory', () => {
    const { machine } = bootedProgram('S', 'la t0, handler\n csrw stvec, t0\n li t0, 0x1000\n lw t1, 0(t0)\n sw t1, 0(t0)\n .align 2\n handler: li a7, 8\n ecall', hart);
    machine.run(LIMIT);
    expect(machine.bus.diagnostics().map(diagnosticText)).toEqual(['store of 4 bytes at 0x1000 from pc 0x80200014: mrom@1000: read-only memory cannot be written (access fault)']);
    expect(machine.state.word(HART.scause)).toBe(7n);
  });

  it('names an access to what is not there, with its pc', () => {
    const { machine } = bootedProgram('S', 'la t0, handler\n csrw stvec, t0\n li t0, 0x10001000\n sw zero, 8(t0)\n .align 2\n handler: li a7, 8\n ecall', hart);
    machine.run(LIMIT);
    expect(machine.bus.diagnostics().map(diagnosticText)).toEqual(['store of 4 bytes at 0x10001008 from pc 0x80200010: nothing is there (access fault)']);
    expect([machine.state.word(HART.scause), machine.state.word(HART.stval)]).toEqual([7n, 0x1000_1008n]);
  });
});
