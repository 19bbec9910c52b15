// SPDX-License-Identifier: BSD-2-Clause
/** The built service with the built page, for tests that want neither made up. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { need } from './browser.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = join(ROOT, 'dist', 'server', 'cli', 'main.js');
const PAGE = join(ROOT, 'dist', 'dashboards', 'public', 'index.html');

/** Whether service and page are built. Without them it says so loudly, or throws, as {@link need}. */
export function isBuilt(): boolean {
  return need(existsSync(COMMAND) && existsSync(PAGE), 'service or page is not built (npm run build)');
}

export class RealService {
  readonly url: string;
  private readonly process: ChildProcess;
  private readonly folder: string;

  private constructor(url: string, process: ChildProcess, folder: string) {
    this.url = url;
    this.process = process;
    this.folder = folder;
  }

  /**
   * Starts a service on an empty store of its own.
   * @param options more words of `sel4scope serve`; given the folder that is removed when the service stops
   */
  static async start(options: (folder: string) => readonly string[] = () => []): Promise<RealService> {
    const folder = mkdtempSync(join(tmpdir(), 'sel4scope-data-'));
    const process = spawn(globalThis.process.execPath, [COMMAND, 'serve', '--data', join(folder, 'data'), '--port', '0', ...options(folder)], { stdio: ['ignore', 'ignore', 'pipe'] });
    return new RealService(await addressOf(process), process, folder);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => { this.process.once('exit', resolve); });
    this.process.kill();
    await ended;
    rmSync(this.folder, { recursive: true });
  }

  /** Runs a program and sends its trace here; findings (exit code 1) are what a test may want. */
  run(...words: string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      execFile(process.execPath, [COMMAND, 'run', ...words, '--server', this.url], { cwd: ROOT }, (error, _stdout, stderr) => {
        if (error === null || error.code === 1) resolve();
        else reject(new Error(stderr));
      });
    });
  }

  /** Answer of a GET request. */
  async get<T>(path: string): Promise<T> {
    return await (await fetch(`${this.url}${path}`)).json() as T;
  }
}

/** Waits for the service to say where it listens. */
function addressOf(process: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    process.stderr!.on('data', (text: Buffer) => {
      said += text.toString();
      const url = /http:\/\/[\d.]+:\d+/.exec(said);
      if (url !== null) resolve(url[0]);
    });
    process.once('exit', (code) => reject(new Error(`the service ended with exit code ${code}: ${said}`)));
  });
}
