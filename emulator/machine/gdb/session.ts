// SPDX-License-Identifier: BSD-2-Clause
/** One debugger's session: requests of the remote protocol in, answers out. Knows no socket. */
import { targetDescription, threadList } from './description.ts';
import { hexByte, hexWord, MAX_PACKET, wordOfHex } from './packets.ts';
import { F_REGISTER, PC_REGISTER, type GdbStop, type GdbTarget } from './target.ts';

/** What a request leads to. */
export type Reaction =
  | { readonly kind: 'answer'; readonly payload: string | Buffer; readonly noAck?: boolean }
  /** The machine runs; the answer is the stop that follows. */
  | { readonly kind: 'run' }
  | { readonly kind: 'detach'; readonly payload: string }
  /** `k` wants no answer, `vKill` does. */
  | { readonly kind: 'kill'; readonly payload?: string };

const SIGINT = 2;
const SIGTRAP = 5;
const ERROR_INVALID = 'E16';
const ERROR_FAULT = 'E0e';

const answer = (payload: string | Buffer): Reaction => ({ kind: 'answer', payload });
const OK = answer('OK');
/** The protocol's word for a request that a stub does not know. */
const UNSUPPORTED = answer('');

export class GdbSession {
  private readonly target: GdbTarget;
  private readonly breakpoints = new Set<bigint>();
  private lastStop: GdbStop;
  /** Thread that register and memory requests mean (`Hg`). */
  private selected: number;

  constructor(target: GdbTarget) {
    this.target = target;
    this.selected = target.current();
    this.lastStop = { kind: 'interrupt', thread: this.selected };
  }

  handle(payload: Buffer): Reaction {
    const text = payload.toString('latin1');
    const rest = text.slice(1);
    switch (text[0]) {
      case '?': return answer(this.stopReply(this.lastStop));
      case 'g': return this.readRegisters();
      case 'G': return this.writeRegisters(rest);
      case 'p': return this.readRegister(Number.parseInt(rest, 16));
      case 'P': return this.writeRegister(rest);
      case 'm': return this.readMemory(rest);
      case 'M': return this.writeMemory(rest, (data) => (/^([0-9a-fA-F]{2})*$/.test(data) ? Buffer.from(data, 'hex') : undefined));
      case 'X': return this.writeMemory(rest, (data) => Buffer.from(data, 'latin1'));
      case 'c': return this.resumeAt(rest) ? { kind: 'run' } : answer(ERROR_INVALID);
      case 's': return this.resumeAt(rest) ? this.step() : answer(ERROR_INVALID);
      case 'C': case 'S': return text[0] === 'C' ? { kind: 'run' } : this.step();
      case 'H': return this.selectThread(rest);
      case 'T': return this.target.threads().some(({ id }) => id === Number.parseInt(rest, 16)) ? OK : answer(ERROR_INVALID);
      case 'Z': case 'z': return this.breakpoint(text[0] === 'Z', rest);
      case 'q': return this.query(text);
      case 'Q': return text === 'QStartNoAckMode' ? { kind: 'answer', payload: 'OK', noAck: true } : UNSUPPORTED;
      case 'v': return this.verbose(text);
      case 'D': return { kind: 'detach', payload: 'OK' };
      case 'k': return { kind: 'kill' };
      default: return UNSUPPORTED;
    }
  }

  /** The packet that tells of a stop; the debugger looks at the stopped thread from now on. */
  stopped(stop: GdbStop): string {
    this.lastStop = stop;
    if (stop.kind !== 'exited') this.selected = stop.thread;
    return this.stopReply(stop);
  }

  /** Takes the debugger's breakpoints out of the machine. */
  leave(): void {
    this.target.setBreakpoints([]);
  }

  private stopReply(stop: GdbStop): string {
    if (stop.kind === 'exited') return `W${hexByte(stop.status & 0xff)}`;
    const signal = stop.kind === 'interrupt' ? SIGINT : SIGTRAP;
    return `T${hexByte(signal)}thread:${stop.thread.toString(16)};${stop.kind === 'breakpoint' ? 'swbreak:;' : ''}`;
  }

  private step(): Reaction {
    return answer(this.stopped(this.target.step()));
  }

  /** `c ADDR` and `s ADDR` go on elsewhere. */
  private resumeAt(address: string): boolean {
    if (address === '') return true;
    const at = parseAddress(address);
    return at !== undefined && this.target.setRegister(this.target.current(), PC_REGISTER, at);
  }

  private readRegisters(): Reaction {
    const registers = this.target.registers(this.selected);
    return registers === undefined ? answer(ERROR_INVALID) : answer(registers.map(hexWord).join(''));
  }

  private writeRegisters(data: string): Reaction {
    const words = data.match(/.{16}/g)?.map(wordOfHex) ?? [];
    if (words.length < PC_REGISTER + 1 || words.includes(undefined)) return answer(ERROR_INVALID);
    for (let i = 1; i <= PC_REGISTER; i++) {
      if (!this.target.setRegister(this.selected, i, words[i]!)) return answer(ERROR_INVALID);
    }
    return OK;
  }

  private readRegister(number: number): Reaction {
    const { target, selected } = this;
    if (Number.isNaN(number)) return answer(ERROR_INVALID);
    if (number < F_REGISTER) {
      const value = target.registers(selected)?.[number];
      return value === undefined ? answer(ERROR_INVALID) : answer(hexWord(value));
    }
    const csr = target.csrs[number - F_REGISTER - 32];
    const value = number < F_REGISTER + 32 ? target.floatRegisters(selected)?.[number - F_REGISTER] : csr === undefined ? undefined : target.csr(csr);
    // The protocol's word for a register whose value is not known.
    return answer(value === undefined ? 'x'.repeat(16) : hexWord(value));
  }

  private writeRegister(rest: string): Reaction {
    const [number, value] = rest.split('=');
    const word = wordOfHex(value ?? '');
    const done = word !== undefined && this.target.setRegister(this.selected, Number.parseInt(number!, 16), word);
    return done ? OK : answer(ERROR_INVALID);
  }

  private readMemory(rest: string): Reaction {
    const range = parseRange(rest);
    if (range === undefined) return answer(ERROR_INVALID);
    const data = this.target.readMemory(this.selected, range.address, Math.min(range.bytes, MAX_PACKET / 2 - 8));
    return answer(data === undefined ? ERROR_FAULT : Buffer.from(data).toString('hex'));
  }

  private writeMemory(rest: string, decode: (data: string) => Buffer | undefined): Reaction {
    const colon = rest.indexOf(':');
    const range = parseRange(rest.slice(0, colon));
    const data = colon === -1 ? undefined : decode(rest.slice(colon + 1));
    if (range === undefined || data === undefined || data.length !== range.bytes) return answer(ERROR_INVALID);
    return data.length === 0 || this.target.writeMemory(this.selected, range.address, data) ? OK : answer(ERROR_FAULT);
  }

  private selectThread(rest: string): Reaction {
    if (rest[0] !== 'g') return OK;
    const id = Number.parseInt(rest.slice(1), 16);
    // 0 and -1 leave the choice to the stub.
    this.selected = id > 0 ? id : this.target.current();
    return this.target.registers(this.selected) === undefined ? answer(ERROR_INVALID) : OK;
  }

  /** Types 0 (software) and 1 (hardware): here they are the same, no memory is changed. */
  private breakpoint(set: boolean, rest: string): Reaction {
    const [type, address] = rest.split(',');
    if (type !== '0' && type !== '1') return UNSUPPORTED;
    const at = parseAddress(address ?? '');
    if (at === undefined) return answer(ERROR_INVALID);
    if (set) this.breakpoints.add(at);
    else this.breakpoints.delete(at);
    this.target.setBreakpoints([...this.breakpoints]);
    return OK;
  }

  private query(text: string): Reaction {
    if (text.startsWith('qSupported')) {
      return answer(`PacketSize=${MAX_PACKET.toString(16)};qXfer:features:read+;qXfer:threads:read+;QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+`);
    }
    if (text.startsWith('qXfer:features:read:target.xml:')) return transfer(targetDescription(this.target.csrs), text);
    if (text.startsWith('qXfer:threads:read::')) return transfer(threadList(this.target.threads()), text);
    if (text === 'qfThreadInfo') return answer(`m${this.target.threads().map(({ id }) => id.toString(16)).join(',')}`);
    if (text === 'qsThreadInfo') return answer('l');
    if (text === 'qC') return answer(`QC${this.target.current().toString(16)}`);
    if (text === 'qAttached') return answer('1');
    if (text.startsWith('qThreadExtraInfo,')) return this.threadInfo(Number.parseInt(text.slice('qThreadExtraInfo,'.length), 16));
    if (text.startsWith('qRcmd,')) return this.monitor(Buffer.from(text.slice('qRcmd,'.length), 'hex').toString('utf8'));
    return UNSUPPORTED;
  }

  private threadInfo(id: number): Reaction {
    const thread = this.target.threads().find((each) => each.id === id);
    return thread === undefined ? answer(ERROR_INVALID) : answer(Buffer.from(`${thread.name}: ${thread.state}`).toString('hex'));
  }

  private monitor(command: string): Reaction {
    const text = this.target.monitor(command.trim()) ?? `unknown monitor command '${command.trim()}': try 'monitor help'\n`;
    return answer(Buffer.from(text).toString('hex'));
  }

  private verbose(text: string): Reaction {
    if (text === 'vCont?') return answer('vCont;c;C;s;S');
    // One hart: the first action that names no thread, or any, decides.
    if (text.startsWith('vCont;')) return /^vCont;[sS]/.test(text) ? this.step() : { kind: 'run' };
    if (text.startsWith('vKill')) return { kind: 'kill', payload: 'OK' };
    return UNSUPPORTED;
  }
}

/** A part of a document: `...:offset,length`, `m` when more follows. */
function transfer(document: string, request: string): Reaction {
  const range = parseRange(request.slice(request.lastIndexOf(':') + 1));
  if (range === undefined) return answer('E00');
  const offset = Number(range.address);
  const part = document.slice(offset, offset + Math.min(range.bytes, MAX_PACKET / 2));
  return answer(`${offset + part.length < document.length ? 'm' : 'l'}${part}`);
}

function parseAddress(text: string): bigint | undefined {
  return /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}

function parseRange(text: string): { readonly address: bigint; readonly bytes: number } | undefined {
  const [address, bytes] = text.split(',');
  const at = parseAddress(address ?? '');
  const length = parseAddress(bytes ?? '');
  return at === undefined || length === undefined || length > 0xffff_ffffn ? undefined : { address: at, bytes: Number(length) };
}
