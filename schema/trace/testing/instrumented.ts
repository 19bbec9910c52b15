// SPDX-License-Identifier: BSD-2-Clause
/** A module of the project whose statements and branches are counted, for tests that are led by what they reach. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { createInstrumenter } from 'istanbul-lib-instrument';

export interface Instrumented<Module> {
  readonly module: Module;
  /** Whether something ran since the last call that had never run before, or for the first time twice, four times and so on in one go. */
  reachedMore(): boolean;
  /** Share of the branches that ever ran, 0 to 1. */
  branchCoverage(): number;
}

interface FileCounts {
  s: Record<string, number>;
  b: Record<string, number[]>;
}

const VARIABLE = '__sel4scope_reached__';

/** Bundles a source file with all it imports and counts what runs of it. */
export async function instrument<Module>(entry: URL): Promise<Instrumented<Module>> {
  const { outputFiles } = await build({ entryPoints: [entry.pathname], bundle: true, write: false, format: 'esm', platform: 'node', external: ['protobufjs'], packages: 'bundle' });
  const code = createInstrumenter({ esModules: true, coverageVariable: VARIABLE, compact: true }).instrumentSync(outputFiles[0]!.text, entry.pathname);
  const directory = mkdtempSync(join(tmpdir(), 'sel4scope-'));
  try {
    const file = join(directory, 'instrumented.mjs');
    writeFileSync(file, code);
    const module = await import(pathToFileURL(file).href) as Module;
    const [counts] = Object.values((globalThis as unknown as Record<string, Record<string, FileCounts>>)[VARIABLE]!) as [FileCounts];
    return { module, ...watch(counts) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function watch(counts: FileCounts): Omit<Instrumented<unknown>, 'module'> {
  const branches = Object.values(counts.b);
  const all = [...branches, ...Object.keys(counts.s).map((key) => ({ of: counts.s, key }))];
  const places = all.reduce((sum, each) => sum + (Array.isArray(each) ? each.length : 1), 0);
  const most = new Uint8Array(places);
  const take = (i: number, count: number): boolean => {
    if (count === 0) return false;
    const magnitude = 32 - Math.clz32(count);
    if (magnitude <= most[i]!) return false;
    most[i] = magnitude;
    return true;
  };
  return {
    reachedMore() {
      let i = 0;
      let more = false;
      for (const each of branches) {
        for (let k = 0; k < each.length; k++) {
          if (take(i++, each[k]!)) more = true;
          each[k] = 0;
        }
      }
      for (const key in counts.s) {
        if (take(i++, counts.s[key]!)) more = true;
        counts.s[key] = 0;
      }
      return more;
    },
    branchCoverage() {
      const total = branches.reduce((sum, each) => sum + each.length, 0);
      return most.subarray(0, total).reduce((sum, magnitude) => sum + Number(magnitude > 0), 0) / total;
    },
  };
}
