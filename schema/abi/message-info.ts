// SPDX-License-Identifier: BSD-2-Clause
/**
 * The message-info word ("tag") on 64-bit machines: length in bits 0-6, extraCaps 7-8, capsUnwrapped 9-11,
 * label 12-63. Source: seL4 manual, "Message Passing: IPC"; `seL4_MessageInfo_t` in `shared_types.bf`.
 */
import type { Word } from './word.ts';

/** Most message words a thread can send or receive (`seL4_MsgMaxLength`). Longer lengths are clamped. */
export const MSG_MAX_LENGTH = 120;
/** Most capabilities a message can carry (`seL4_MsgMaxExtraCaps`). */
export const MSG_MAX_EXTRA_CAPS = 3;

/** Decoded message info. `labelLo`/`labelHi` are the 52-bit label as a 32-bit and a 20-bit part. */
export interface MessageInfo {
  readonly label: number;
  readonly length: number;
  readonly extraCaps: number;
  readonly capsUnwrapped: number;
}

export function tagLength(lo: number): number {
  return lo & 0x7f;
}

export function tagExtraCaps(lo: number): number {
  return (lo >>> 7) & 0x3;
}

export function tagCapsUnwrapped(lo: number): number {
  return (lo >>> 9) & 0x7;
}

/** The label; 52 bits, so always a safe integer. */
export function tagLabel(lo: number, hi: number): number {
  return (hi >>> 0) * 0x10_0000 + (lo >>> 12);
}

/** Packs message info. Fields are masked to their widths except the label, which must be below 2^52. */
export function packMessageInfo(info: MessageInfo): Word {
  if (!Number.isSafeInteger(info.label) || info.label < 0 || info.label >= 2 ** 52) {
    throw new RangeError(`message label ${info.label} does not fit 52 bits`);
  }
  const low = ((info.capsUnwrapped & 7) << 9) | ((info.extraCaps & 3) << 7) | (info.length & 0x7f);
  return {
    lo: (((info.label % 0x10_0000) << 12) | low) >>> 0,
    hi: Math.floor(info.label / 0x10_0000) >>> 0,
  };
}

export function unpackMessageInfo(lo: number, hi: number): MessageInfo {
  return { label: tagLabel(lo, hi), length: tagLength(lo), extraCaps: tagExtraCaps(lo), capsUnwrapped: tagCapsUnwrapped(lo) };
}
