// SPDX-License-Identifier: BSD-2-Clause
/** Zicsr and the privileged instructions. */
import type { Decoded } from '../isa/decode.ts';
import { MSTATUS } from '../isa/csrs.ts';
import type { Execute, Execution, Semantics } from './execution.ts';
import { PRIVILEGE, type HartState } from './state.ts';
import { returnFrom } from './traps.ts';
import { CAUSE, Trap } from './trap.ts';

/** New value of a register from its old one and the operand. */
type Combine = (old: bigint, operand: bigint) => bigint;
const WRITE: Combine = (_, operand) => operand;
const SET: Combine = (old, operand) => old | operand;
const CLEAR: Combine = (old, operand) => old & ~operand;

/** `rs1` is a register, or with `immediate` the operand itself. Set and clear with x0 or 0 do not write at all. */
const exchange = (combine: Combine, immediate: boolean): Execute => (hart, { rd, rs1, csr }) => {
  const writes = combine === WRITE || rs1 !== 0;
  const register = hart.csrs.accessible(csr, writes) ?? hart.illegal();
  const operand = immediate ? BigInt(rs1) : hart.state.x[rs1]!;
  const old = hart.csrs.read(register);
  if (writes) {
    hart.csrs.write(register, combine(old, operand));
    hart.contextChanged();
  }
  hart.state.setX(rd, old);
};

const inSupervisor = (state: HartState, bit: bigint): boolean =>
  state.privilege === PRIVILEGE.supervisor && (state.get('mstatus') & bit) !== 0n;

/** Illegal in U mode, and in S mode where M mode traps it with a bit of `mstatus`. */
const supervisorOnly = (trappedBy: bigint, execute: (hart: Execution, operands: Decoded) => void): Execute => (hart, operands) => {
  if (hart.state.privilege === PRIVILEGE.user || inSupervisor(hart.state, trappedBy)) hart.illegal();
  execute(hart, operands);
};

export const CONTROL: Semantics = {
  csrrw: exchange(WRITE, false), csrrs: exchange(SET, false), csrrc: exchange(CLEAR, false),
  csrrwi: exchange(WRITE, true), csrrsi: exchange(SET, true), csrrci: exchange(CLEAR, true),
  ecall: ({ state }) => { throw new Trap(CAUSE.userCall + state.privilege, 0n); },
  // The address may be reported too; QEMU reports none.
  ebreak: () => { throw new Trap(CAUSE.breakpoint, 0n); },
  mret: (hart) => {
    if (hart.state.privilege !== PRIVILEGE.machine) hart.illegal();
    hart.next = returnFrom(hart.state, 'machine');
    hart.contextChanged();
  },
  sret: supervisorOnly(MSTATUS.tsr, (hart) => {
    hart.next = returnFrom(hart.state, 'supervisor');
    hart.contextChanged();
    if (hart.state.privilege === PRIVILEGE.user) hart.returnedToUser();
  }),
  wfi: supervisorOnly(MSTATUS.tw, ({ state }) => { state.waiting = state.enabledPending === 0; }),
  // Translations are few: all are dropped, whatever the operands.
  'sfence.vma': supervisorOnly(MSTATUS.tvm, (hart) => hart.contextChanged()),
};
