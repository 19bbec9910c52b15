// SPDX-License-Identifier: BSD-2-Clause
/** A self-signed certificate for tests: X.509 (RFC 5280) in as much DER as it takes. */
import { generateKeyPairSync, sign } from 'node:crypto';

const TAG = Object.freeze({ integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, time: 0x18, sequence: 0x30, set: 0x31, version: 0xa0, extensions: 0xa3 });
/** Context-specific tags of a general name. */
const NAME = Object.freeze({ dns: 0x82, ip: 0x87 });

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const oid = (...bytes: number[]): Buffer => der(TAG.oid, Buffer.from(bytes));
const time = (date: Date): Buffer => der(TAG.time, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));

const ECDSA_SHA256 = der(TAG.sequence, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const COMMON_NAME = oid(0x55, 0x04, 0x03);
const ALTERNATIVE_NAME = oid(0x55, 0x1d, 0x11);

function pem(label: string, body: Buffer): string {
  return `-----BEGIN ${label}-----\n${body.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;
}

/** A certificate for localhost and 127.0.0.1, and its key, both as PEM. */
export function selfSigned(from = new Date(Date.now() - 86_400_000), to = new Date(Date.now() + 86_400_000)): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = der(TAG.sequence, der(TAG.set, der(TAG.sequence, COMMON_NAME, der(TAG.utf8, Buffer.from('localhost')))));
  const names = der(TAG.sequence, der(NAME.dns, Buffer.from('localhost')), der(NAME.ip, Buffer.from([127, 0, 0, 1])));
  const body = der(TAG.sequence,
    der(TAG.version, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.from([1])),
    ECDSA_SHA256,
    name,
    der(TAG.sequence, time(from), time(to)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(TAG.extensions, der(TAG.sequence, der(TAG.sequence, ALTERNATIVE_NAME, der(TAG.octets, names)))));
  const signature = der(TAG.bits, Buffer.from([0]), sign('sha256', body, privateKey));
  return { cert: pem('CERTIFICATE', der(TAG.sequence, body, ECDSA_SHA256, signature)), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}
