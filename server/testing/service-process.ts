// SPDX-License-Identifier: BSD-2-Clause
/** A service in a process of its own, so that it can be killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { packageFile } from '../package-paths.ts';

const SERVER = `
  import(process.argv[1])
    .then(({ createService }) => createService({ dataDirectory: process.argv[2] }))
    .then((service) => service.listen({ port: 0 }))
    .then(({ url }) => console.log(url));
`;

export interface ServiceProcess {
  readonly url: string;
  /** Ends the process as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts the built service on a data directory; killed after the test. */
export async function serviceProcess(directory: string): Promise<ServiceProcess> {
  const child = spawn(process.execPath, ['-e', SERVER, packageFile('dist/server/index.js').href, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { child.kill('SIGKILL'); });
  const [url] = await once(createInterface({ input: child.stdout }), 'line') as [string];
  return {
    url,
    kill: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
