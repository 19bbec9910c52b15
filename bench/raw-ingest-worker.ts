// SPDX-License-Identifier: BSD-2-Clause
/** The ingest worker without rules: the limit of the layout. Only measurements start it. */
import { parentPort, workerData } from 'node:worker_threads';
import { RuleEngine } from '../schema/rules/engine.ts';
import { Ingest } from '../server/ingest/ingest.ts';
import type { FromIngest, IngestWorkerData, ToIngest } from '../server/ingest/messages.ts';
import type { MakeRules } from '../server/ingest/run-writer.ts';
import { openWriter } from '../server/store/open.ts';
import { TraceStore } from '../server/store/trace-store.ts';

/** Looks at nothing, and so knows what rules know before the first record. */
const noRules: MakeRules = (interfaces, onAnomaly) => {
  const knowledge = new RuleEngine(interfaces, onAnomaly).snapshot();
  return { subject: () => {}, applyBatch: () => {}, snapshot: () => knowledge };
};

const port = parentPort!;
const { directory } = workerData as IngestWorkerData;
const send = (message: FromIngest): void => port.postMessage(message);

const connection = openWriter(directory);
const ingest = new Ingest(new TraceStore(connection.db), directory, {
  answer: (answers) => send({ type: 'answers', answers }),
  news: (news) => send({ type: 'news', news }),
  problem: (message) => send({ type: 'problem', message }),
}, noRules);
port.on('message', (message: ToIngest) => {
  switch (message.type) {
    case 'frame': return ingest.frame(message.connection, message.bytes);
    case 'disconnect': return ingest.disconnect(message.connection);
    case 'close':
      ingest.close();
      connection.close();
      port.close();
  }
});
send({ type: 'ready' });
