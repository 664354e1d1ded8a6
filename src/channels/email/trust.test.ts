import assert from 'node:assert/strict';
import { generateKeyPairSync, hash, verify } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { JsonObject } from '../../model/json.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestDesk } from '../test-desk.ts';
import { email } from './email.ts';

/** Made for this test, for localhost, until 2120. */
const RELAY_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXXsb7NFEg4PG82cg
wSMOd+A3hojJpkjFXNsXk+Y+bcmhRANCAAS88F2WuV+JuYWmVBMIsLfQFoSB198q
B6PnjldF565S8zqf80ZaFKtrTsbVzKh6NNaOHw2D5ad5Gtu9dt6R6XwR
-----END PRIVATE KEY-----`;
const RELAY_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBYDCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLzwXZa5X4m5haZU
Ewiwt9AWhIHX3yoHo+eOV0XnrlLzOp/zRloUq2tOxtXMqHo01o4fDYPlp3ka2712
3pHpfBGjSDBGMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/
MB0GA1UdDgQWBBSF2BOjFOHhg3T/JPJwByMhgv6E8jAKBggqhkjOPQQDAgNHADBE
AiBJOl8FX5asq12Nx2M5c6dhVl/4NFpZNfad+/YNiCpqqgIgIXNw3yciAeZ+QQNI
vclCm4oKwkgaLrF47rvlVi7i0yg=
-----END CERTIFICATE-----`;

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('The signature (DKIM)', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.close());

  const open = (settings: JsonObject): Desk => {
    const { urls, credentials } = sandbox;
    return openDesk({ ...urls.smtp, ...credentials.smtp, security: 'none', ...settings });
  };
  const sendSigned = async (settings: JsonObject = {}) => {
    sandbox.reset();
    const unsubscribeUrl = 'https://example.com/u?{key}';
    await open({ dkimSelector: 's1', dkimPrivateKey: PEM, unsubscribeUrl, ...settings }).send({
      message: { type: 'text', text: 'Grüße  \t\n.\n\n  Ende \n\n\n' },
    });
    return sandbox.ledger.entries()[0]?.body ?? '';
  };

  test('verifies by the rules of RFC 6376', async () => {
    const mail = await sendSigned();
    const { tags, isValid } = verifySignature(mail);
    assert.deepEqual([tags['d'], tags['s'], tags['a']], ['example.com', 's1', 'rsa-sha256']);
    assert.ok(isValid);
  });

  test('covers what RFC 8058 wants covered, and who, what and when', async () => {
    const signed = (verifySignature(await sendSigned()).tags['h'] ?? '').split(':');
    for (const name of ['from', 'to', 'subject', 'date', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post']) {
      assert.ok(signed.includes(name), `${name} is not among ${signed.join()}`);
    }
  });

  test('breaks with one letter of the mail', async () => {
    const mail = await sendSigned();
    for (const [from, to] of [
      ['Ende', 'Fnde'],
      ['Subject: ', 'Subject: x'],
      ['One-Click', 'Two-Click'],
    ] as const) {
      assert.equal(verifySignature(mail.replace(from, to)).isValid, false, from);
    }
  });

  test('may be that of another domain', async () => {
    assert.equal(verifySignature(await sendSigned({ dkimDomain: 'mail.example.com' })).tags['d'], 'mail.example.com');
  });

  for (const [name, key] of [
    ['no key at all', 'nonsense'],
    ['a key for another algorithm', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })],
  ] as const) {
    test(`with ${name} nothing is sent unsigned`, async () => {
      sandbox.reset();
      const desk = open({ dkimSelector: 's1', dkimPrivateKey: key.toString() });
      const outcome = await desk.send();
      assert.equal(outcome.kind === 'rejected' && outcome.scope, 'connection');
      const { ok, detail } = await desk.session.check(AbortSignal.timeout(1_000));
      assert.equal(ok, false);
      assert.match(detail, /^dkimPrivateKey is/);
      assert.deepEqual(sandbox.stats().calls, {});
    });
  }
});

describe('Encryption, with a relay that is not ours', () => {
  test('from the first byte', async () => {
    const relay = await serve({ secure: true });
    await trusting(RELAY_CERTIFICATE, async () => {
      const outcome = await openDesk({ ...relay.at, security: 'tls' }).send();
      assert.equal(outcome.kind, 'accepted', JSON.stringify(outcome));
      assert.deepEqual(relay.taken, ['secure jane@example.com']);
    });
  });

  test('by STARTTLS', async () => {
    const relay = await serve({});
    await trusting(RELAY_CERTIFICATE, async () => {
      const outcome = await openDesk({ ...relay.at, security: 'starttls' }).send();
      assert.equal(outcome.kind, 'accepted', JSON.stringify(outcome));
      assert.deepEqual(relay.taken, ['secure jane@example.com']);
    });
  });

  for (const security of ['tls', 'starttls']) {
    test(`${security}: a certificate nobody vouches for is refused, and nothing is said over it`, async () => {
      const relay = await serve({ secure: security === 'tls' });
      const desk = openDesk({ ...relay.at, security, user: 'u', password: 'p' });
      const outcome = await desk.send();
      assert.ok(outcome.kind === 'rejected', JSON.stringify(outcome));
      assert.deepEqual([outcome.scope, outcome.reason], ['connection', 'connection_refused']);
      assert.match(outcome.detail, /certificate was refused/);
      assert.match((await desk.session.check(AbortSignal.timeout(2_000))).detail, /certificate was refused/);
      assert.deepEqual([relay.taken, relay.logins], [[], 0]);
    });
  }

  test('that the relay does not offer is not done without', async () => {
    const relay = await serve({ disabledCommands: ['STARTTLS'] });
    const outcome = await openDesk({ ...relay.at, security: 'starttls', user: 'u', password: 'p' }).send();
    assert.equal(outcome.kind === 'rejected' && outcome.scope, 'connection', JSON.stringify(outcome));
    assert.deepEqual([relay.taken, relay.logins], [[], 0]);
  });

  test('none, where the operator says so', async () => {
    const relay = await serve({});
    const outcome = await openDesk({ ...relay.at, security: 'none' }).send();
    assert.equal(outcome.kind, 'accepted', JSON.stringify(outcome));
    assert.deepEqual(relay.taken, ['plain jane@example.com']);
  });

  test('a relay that takes no log-in is told from one that does', async () => {
    const relay = await serve({ disabledCommands: ['AUTH'] });
    const outcome = await openDesk({ ...relay.at, security: 'none', user: 'u', password: 'p' }).send();
    assert.equal(outcome.kind === 'rejected' && outcome.scope, 'connection', JSON.stringify(outcome));
    assert.deepEqual(relay.taken, []);
  });
});

function openDesk(settings: JsonObject): Desk {
  return openTestDesk({
    channel: email,
    settings: { from: 'jobs@example.com', ...settings },
    address: { channelId: 'jane@example.com', reference: null },
  });
}

/** The relay of the `smtp-server` package. */
async function serve(options: SMTPServerOptions) {
  const taken: string[] = [];
  const relay = { taken, logins: 0 };
  const server = new SMTPServer({
    key: RELAY_KEY,
    cert: RELAY_CERTIFICATE,
    authOptional: true,
    onAuth(_auth, _session, done) {
      relay.logins++;
      done(null, { user: 'u' });
    },
    onData(stream, session, done) {
      stream.resume();
      const [recipient] = session.envelope.rcptTo;
      stream.on('end', () => {
        taken.push(`${session.secure ? 'secure' : 'plain'} ${recipient?.address}`);
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  // Not waited for: it ends when the desk, which is closed after it, hangs up.
  after(() => server.close());
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(relay, { at: { host: 'localhost', port } });
}

async function trusting(certificate: string, work: () => Promise<void>): Promise<void> {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, certificate]);
  await work().finally(() => setDefaultCACertificates(before));
}

/** Checks a signature in relaxed/relaxed canonical form (RFC 6376 §3.4) with the test's own key. */
function verifySignature(mail: string) {
  const end = mail.indexOf('\r\n\r\n');
  const fields = mail
    .slice(0, end)
    .split(/\r\n(?![ \t])/)
    .map(relaxField);
  const signature = fields.find((field) => field.startsWith('dkim-signature:')) ?? '';
  const tags = readTags(signature);
  const names = (tags['h'] ?? '').split(':');
  const signed = names.map((name) => `${fields.findLast((field) => field.startsWith(`${name}:`))}\r\n`);
  const data = Buffer.from(signed.join('') + signature.replace(/(; b=).*$/, '$1'), 'latin1');
  const isBodySame = tags['bh'] === hash('sha256', relaxBody(mail.slice(end + 4)), 'base64');
  const isValid = isBodySame && verify('sha256', data, publicKey, Buffer.from(tags['b'] ?? '', 'base64'));
  return { tags, isValid };
}

function relaxField(field: string): string {
  const colon = field.indexOf(':');
  const value = field
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim();
  return `${field.slice(0, colon).toLowerCase().trimEnd()}:${value}`;
}

function relaxBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  return `${lines.join('\r\n').replace(/(?:\r\n)+$/, '')}\r\n`;
}

function readTags(signature: string): Readonly<Record<string, string>> {
  const pairs = signature.slice(signature.indexOf(':') + 1).split(';');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), value.join('=').replace(/\s+/g, '')];
    }),
  );
}
