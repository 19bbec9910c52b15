// SPDX-License-Identifier: BSD-2-Clause
/**
 * A producer process that may be killed at any moment, for tests: sends the synthetic trace of `seed` as run `run` up to record
 * `last`, from where the service is, across lost connections, and prints `ack N` for what is acknowledged and `done` at the end.
 *
 * node resuming-producer.mjs ROOT INGEST_URL RUN SEED LAST, where ROOT is the file URL of the built package.
 */
const [root, ingestUrl, run, seed, last] = process.argv.slice(2);
const { WebSocket } = await import('ws');
const { BatchBuilder } = await import(new URL('schema/trace/batch.js', root));
const { SyntheticTrace } = await import(new URL('schema/trace/synthetic-trace.js', root));
const { decodeServerMessage, encodeClientMessage, PROTOCOL_VERSION } = await import(new URL('schema/trace/wire.js', root));
const { UNKNOWN_ORIGIN } = await import(new URL('schema/trace/names.js', root));

const LAST = Number(last);
const DESCRIPTION = { id: run, program: 'synthetic', kernel: 'model', kernelVersion: '', configuration: 'riscv64-mcs', seed: Number(seed), defects: [], ...UNKNOWN_ORIGIN };

/** Resolves with whether the run is done; false when the connection was lost. */
function connection() {
  return new Promise((resolve) => {
    const socket = new WebSocket(ingestUrl, { perMessageDeflate: false });
    let trace;
    let record;
    let next = 1;
    let acknowledged = 0;
    let window = 0;
    /** Last records of the batches that are not acknowledged. */
    let underWay = [];
    const send = (message) => socket.send(encodeClientMessage(message));
    const pump = () => {
      while (underWay.length < window && next <= LAST && socket.readyState === WebSocket.OPEN) {
        const builder = new BatchBuilder(next);
        // Sizes that differ, so that a resumed run is cut elsewhere.
        for (let size = 1 + ((next * 7919 + process.pid) % 400); size > 0 && next <= LAST; size--, next++) {
          builder.append(record);
          record = trace.next();
        }
        send({ kind: 'batch', bytes: builder.finish() });
        underWay.push(next - 1);
      }
    };
    socket.on('open', () => send({ kind: 'hello', protocolVersion: PROTOCOL_VERSION, run: DESCRIPTION, resume: true }));
    socket.on('message', (data) => {
      const message = decodeServerMessage(data);
      if (message.kind === 'welcome') {
        window = message.window;
        next = message.nextSeq;
        acknowledged = next - 1;
        trace = new SyntheticTrace(LAST + 1, Number(seed));
        do record = trace.next(); while (record.seq < next);
      } else if (message.kind === 'ack') {
        if (message.finished) return resolve(true);
        acknowledged = message.committedSeq;
        underWay = underWay.filter((seq) => seq > acknowledged);
        process.stdout.write(`ack ${acknowledged}\n`);
      } else if (message.fatal) {
        throw new Error(`${message.code}: ${message.message}`);
      }
      if (acknowledged >= LAST) return send({ kind: 'bye', lastSeq: LAST, end: 'completed', detail: '' });
      pump();
    });
    socket.on('close', () => resolve(false));
    socket.on('error', () => undefined);
  });
}

while (!await connection()) await new Promise((resolve) => { setTimeout(resolve, 20); });
process.stdout.write('done\n');
process.exit(0);
