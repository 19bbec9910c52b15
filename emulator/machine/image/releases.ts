// SPDX-License-Identifier: BSD-2-Clause
/**
 * Releases of seL4, and how a kernel shows which one it is: by symbols that only some releases have, in every configuration
 * for riscv64 of one core. Most that are missing say nothing, as builds leave functions
 * out.
 */
import { RELEASES, compareReleases, type Release } from '../../../schema/abi/index.ts';
import { ImageError } from './image-error.ts';
import type { SymbolTable } from './symbols.ts';

/** The first whose kernels can be observed: those before do not lie where their virtual addresses say. */
export const FIRST_OBSERVED: Release = '11.0.0';

/** Releases whose kernels can be observed, oldest first. Development after a release counts as that release. */
export const OBSERVED_RELEASES: readonly Release[] = RELEASES.filter((release) => isFrom(release, FIRST_OBSERVED));

/** A symbol that only some releases have. */
interface Sign {
  readonly symbol: string;
  readonly from?: Release;
  readonly to?: Release;
  /** Every kernel of these releases has it. */
  readonly always?: true;
}

const SIGNS: readonly Sign[] = [
  { symbol: 'seL4_CapFault_Msg', to: '11.0.0', always: true },
  { symbol: 'ackInterrupt', to: '11.0.0' },
  { symbol: 'isFPUEnabledCached', from: '12.0.0', to: '13.0.0' },
  { symbol: 'syscall', to: '12.0.0' },
  { symbol: 'handle_syscall', from: '12.1.0' },
  { symbol: 'cap_get_capSizeBits', from: '12.1.0' },
  { symbol: 'create_kernel_untypeds', to: '12.1.0' },
  { symbol: 'create_untypeds', from: '13.0.0' },
  { symbol: 'tcb_queue_remove', from: '13.0.0' },
  { symbol: 'kernel_image_level2_pt', to: '13.0.0' },
  { symbol: 'tlbLockCount', to: '13.0.0' },
  { symbol: 'kernel_image_level1_pt', from: '14.0.0' },
  { symbol: 'prepareSetDomain', from: '14.0.0' },
  { symbol: 'ksCurFPUOwner', from: '14.0.0' },
  { symbol: 'ksDomScheduleLength', to: '14.0.0' },
  { symbol: 'ksDomScheduleStart', from: '15.0.0' },
  { symbol: 'tcbNTFNAppend', from: '16.0.0' },
];

/** Whether a release is `first` or came later. */
export function isFrom(release: Release, first: Release): boolean {
  return compareReleases(release, first) >= 0;
}

/**
 * The observed release of that name.
 * @throws ImageError that lists what is known for any other
 */
export function observedRelease(name: string): Release {
  const found = OBSERVED_RELEASES.find((each) => each === name);
  if (found === undefined) throw new ImageError(`kernels of release '${name}' are not known; choose from ${OBSERVED_RELEASES.join(', ')}`);
  return found;
}

/**
 * Releases that a kernel can be of by its symbols, oldest first.
 * @throws ImageError when they contradict each other
 */
export function releasesOf(symbols: SymbolTable): readonly Release[] {
  const candidates = OBSERVED_RELEASES.filter((release) => against(release, symbols).length === 0);
  if (candidates.length > 0) return candidates;
  const signs = SIGNS.filter(({ symbol }) => symbols.has(symbol));
  throw new ImageError(`its symbols fit no release: ${signs.map(signText).join(', ')}; say which it is with --release`);
}

/**
 * Checks a release that somebody gave against the symbols of the kernel.
 * @throws ImageError that says what speaks against it
 */
export function checkRelease(release: Release, symbols: SymbolTable): void {
  const signs = against(release, symbols);
  if (signs.length === 0) return;
  const found = signs.map((sign) => `${symbols.has(sign.symbol) ? 'it has' : 'it does not have'} ${signText(sign)}`);
  throw new ImageError(`it is not of release ${release}: ${found.join(', ')}`);
}

function against(release: Release, symbols: SymbolTable): readonly Sign[] {
  return SIGNS.filter((sign) => (symbols.has(sign.symbol) ? !agrees(sign, release) : sign.always === true && agrees(sign, release)));
}

function agrees({ from, to }: Sign, release: Release): boolean {
  return (from === undefined || isFrom(release, from)) && (to === undefined || isFrom(to, release));
}

function signText({ symbol, from, to }: Sign): string {
  if (from === undefined) return `${symbol} (releases up to ${to!})`;
  return to === undefined ? `${symbol} (releases from ${from})` : `${symbol} (releases ${from} to ${to})`;
}
