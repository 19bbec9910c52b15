// SPDX-License-Identifier: BSD-2-Clause
/** The remote-protocol server: one debugger at a time, on the loopback interface. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { frame, PacketReader } from './packets.ts';
import { GdbSession } from './session.ts';
import type { GdbTarget } from './target.ts';

export interface GdbServerOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** A debugger said that it wants the machine gone (`kill`). */
  readonly killed?: () => void;
  /** A debugger came, or went. */
  readonly attached?: (attached: boolean) => void;
}

/**
 * Serves a stopped machine. While no debugger is attached nobody runs the machine; with one, it runs when the debugger
 * says so. A second debugger is refused.
 */
export class GdbServer {
  private readonly target: GdbTarget;
  private readonly options: GdbServerOptions;
  private readonly server: Server;
  private connection: Connection | undefined;

  private constructor(target: GdbTarget, options: GdbServerOptions) {
    this.target = target;
    this.options = options;
    this.server = createServer((socket) => this.accept(socket));
  }

  /** Listens. Rejects with the socket's error, such as EADDRINUSE. */
  static listen(target: GdbTarget, options: GdbServerOptions): Promise<GdbServer> {
    const gdb = new GdbServer(target, options);
    return new Promise((resolve, reject) => {
      gdb.server.once('error', reject);
      gdb.server.listen(options.port, '127.0.0.1', () => {
        gdb.server.off('error', reject);
        resolve(gdb);
      });
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    this.connection?.socket.destroy();
    return new Promise((resolve) => { this.server.close(() => resolve()); });
  }

  private accept(socket: Socket): void {
    if (this.connection !== undefined) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this.target, () => this.options.killed?.());
    this.connection = connection;
    this.options.attached?.(true);
    socket.once('close', () => {
      connection.end();
      this.connection = undefined;
      this.options.attached?.(false);
    });
  }
}

class Connection {
  readonly socket: Socket;
  private readonly target: GdbTarget;
  private readonly session: GdbSession;
  private readonly reader = new PacketReader();
  private readonly killed: () => void;
  private acknowledge = true;
  private lastSent: Buffer = Buffer.alloc(0);
  private running = false;
  private interrupted = false;
  private over = false;

  constructor(socket: Socket, target: GdbTarget, killed: () => void) {
    this.socket = socket;
    this.target = target;
    this.session = new GdbSession(target);
    this.killed = killed;
    socket.setNoDelay(true);
    // A debugger that vanishes ends its session: 'close' follows.
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => this.receive(bytes));
  }

  end(): void {
    this.over = true;
    this.session.leave();
  }

  private receive(bytes: Buffer): void {
    for (const incoming of this.reader.push(bytes)) {
      if (incoming.kind === 'interrupt') this.interrupted = true;
      else if (incoming.kind === 'again') this.socket.write(this.lastSent);
      else if (incoming.kind === 'damaged') this.socket.write('-');
      else this.request(incoming.payload);
    }
  }

  private request(payload: Buffer): void {
    if (this.acknowledge) this.socket.write('+');
    // The protocol allows nothing but an interrupt while the machine runs.
    if (this.running) return;
    const reaction = this.session.handle(payload);
    switch (reaction.kind) {
      case 'answer':
        this.send(reaction.payload);
        if (reaction.noAck === true) this.acknowledge = false;
        break;
      case 'run':
        void this.run();
        break;
      case 'detach':
        this.send(reaction.payload);
        this.socket.end();
        break;
      case 'kill':
        if (reaction.payload !== undefined) this.send(reaction.payload);
        this.socket.end();
        this.killed();
    }
  }

  private async run(): Promise<void> {
    this.running = true;
    this.interrupted = false;
    let stop;
    while (!this.over) {
      stop = this.target.resume() ?? (this.interrupted ? { kind: 'interrupt', thread: this.target.current() } as const : undefined);
      if (stop !== undefined) break;
      await turn();
    }
    this.running = false;
    if (stop !== undefined) this.send(this.session.stopped(stop));
  }

  private send(payload: string | Buffer): void {
    this.lastSent = frame(payload);
    this.socket.write(this.lastSent);
  }
}
