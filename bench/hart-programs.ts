// SPDX-License-Identifier: BSD-2-Clause
/** Programs for harts that do one thing over and over. They start in M mode at the start of RAM, and never end. */

/** Where the programs keep page tables and data. */
const TABLES = 0x8010_0000;
const DATA = 0x8020_0000;
/** Virtual pages that the program of page walks uses: each a page of its own. */
const PAGES = 64;

/** Everything is allowed, traps go to `handler` in M mode, the floating point unit is on. */
const PROLOGUE = `
    li   t0, -1
    srli t0, t0, 10
    csrw pmpaddr0, t0
    li   t0, 0x1f
    csrw pmpcfg0, t0
    li   t0, 0x6000
    csrs mstatus, t0
    li   s0, ${DATA}
`;

/** Sv39 with one leaf of 1 GiB that maps RAM to itself, and \`PAGES\` pages at 0x40000000; then S mode at \`supervisor\`. */
const ENTER_SUPERVISOR = `
    li   t0, ${TABLES}
    li   t1, ${(0x8000_0000 / 4) + 0xcf}
    sd   t1, 16(t0)
    li   t1, ${(TABLES + 0x1000) / 4 + 1}
    sd   t1, 8(t0)
    li   t2, ${TABLES + 0x1000}
    li   t1, ${(TABLES + 0x2000) / 4 + 1}
    sd   t1, 0(t2)
    li   t2, ${TABLES + 0x2000}
    li   t1, ${DATA / 4 + 0xc7}
    li   t3, ${PAGES}
entries:
    sd   t1, 0(t2)
    addi t2, t2, 8
    addi t1, t1, 0x400
    addi t3, t3, -1
    bnez t3, entries
    li   t1, 8
    slli t1, t1, 60
    srli t0, t0, 12
    or   t0, t0, t1
    csrw satp, t0
    la   t0, supervisor
    csrw mepc, t0
    li   t0, 0x1800
    csrc mstatus, t0
    li   t0, 0x800
    csrs mstatus, t0
    mret
`;

/** Assembly (isa/assemble.ts) by name. */
export const HART_PROGRAMS: Readonly<Record<string, string>> = {
  'integer loop': `${PROLOGUE}
    li   a0, 12345
    li   a1, 0
    li   a4, 0
loop:
    slli a2, a0, 13
    xor  a0, a0, a2
    srli a2, a0, 7
    xor  a0, a0, a2
    addi a3, a3, 3
    andi a5, a0, 255
    sltu a6, a5, a3
    add  a1, a1, a6
    addiw a4, a4, 1
    beqz a5, skip
    sub  a7, a1, a5
    or   a1, a1, a4
skip:
    mul  a7, a7, a3
    bne  a4, x0, loop
    j    loop
`,
  'loads and stores': `${PROLOGUE}
loop:
    li   t0, 512
    mv   a0, s0
    li   a1, ${DATA + 0x2000}
copy:
    ld   a2, 0(a0)
    ld   a3, 8(a0)
    lw   a4, 16(a0)
    lbu  a5, 20(a0)
    add  a2, a2, a5
    sd   a2, 8(a1)
    sd   a3, 0(a1)
    sw   a4, 16(a1)
    addi a0, a0, 8
    addi a1, a1, 8
    addi t0, t0, -1
    bnez t0, copy
    j    loop
`,
  'page walks, sfence.vma each 64': `${PROLOGUE}${ENTER_SUPERVISOR}
supervisor:
    li   t5, 0x1000
again:
    li   t0, 0x40000000
    li   t1, ${PAGES}
touch:
    ld   t2, 0(t0)
    addi t2, t2, 1
    sd   t2, 0(t0)
    add  t0, t0, t5
    addi t1, t1, -1
    bnez t1, touch
    sfence.vma
    j    again
`,
  'system calls U to S to U': `${PROLOGUE}
    li   t0, 0x100
    csrw medeleg, t0
    la   t0, handler
    csrw stvec, t0
    la   t0, user
    csrw mepc, t0
    li   t0, 0x1800
    csrc mstatus, t0
    li   t0, ${DATA}
    csrw sscratch, t0
    mret
.align 2
handler:
    csrrw t0, sscratch, t0
    ${Array.from({ length: 24 }, (_, i) => `sd x${i + 8}, ${8 * i}(t0)`).join('\n    ')}
    csrr s0, scause
    csrr s1, sepc
    csrr s2, sstatus
    addi s1, s1, 4
    csrw sepc, s1
    csrw sstatus, s2
    ${Array.from({ length: 24 }, (_, i) => `ld x${i + 8}, ${8 * i}(t0)`).join('\n    ')}
    csrrw t0, sscratch, t0
    sret
user:
    addi a0, a0, 1
    li   a7, 5
    ecall
    j    user
`,
  'double precision': `${PROLOGUE}
    li   t0, 3
    fcvt.d.l fa0, t0
    li   t0, 7
    fcvt.d.l fa1, t0
    fdiv.d fa2, fa0, fa1
    fsd  fa2, 0(s0)
    fsd  fa1, 8(s0)
loop:
    li   t1, 256
    fmv.d fa3, fa0
inner:
    fld  fa4, 0(s0)
    fld  fa5, 8(s0)
    fmul.d fa3, fa3, fa4
    fadd.d fa3, fa3, fa5
    fsub.d fa6, fa3, fa2
    fdiv.d fa7, fa6, fa5
    flt.d t2, fa7, fa3
    fsd  fa7, 16(s0)
    add  t3, t3, t2
    addi t1, t1, -1
    bnez t1, inner
    j    loop
`,
};
