import type { Socket } from 'node:net';
import type { SendMailOptions } from 'nodemailer';
import type { GetSocketHandler } from 'nodemailer/lib/mailer';
import { systemClock } from '../../model/clock.ts';
import type { NetworkPolicy } from '../addresses.ts';
import { guardedOpener, resolveBySystem } from '../connect.ts';
import { requireSdk } from '../require-sdk.ts';
import { domainOf, readMailbox } from './mailbox.ts';
import type { EmailSettings } from './settings.ts';
import { Transmission } from './transmission.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const SESSION_TIMEOUT_MS = 10_000;
/** Between two of the relay's answers. Taking a mail may mean scanning it for viruses. */
const SILENCE_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1_000;
const MAX_REQUEUES = 3;

const PORTS: Readonly<Record<EmailSettings['security'], number>> = { tls: 465, starttls: 587, none: 25 };

/** Those of RFC 6376, and what RFC 8058 wants signed as well. */
const SIGNED_HEADERS = [
  'From',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'To',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'In-Reply-To',
  'References',
  'List-Id',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'Feedback-ID',
  'Auto-Submitted',
].join(':');

export type MailToSend = Omit<SendMailOptions, 'signal'> & { readonly messageId: string };

export interface RelayOptions {
  readonly settings: EmailSettings;
  readonly policy: NetworkPolicy;
  readonly connections: number;
}

/** Kept-alive connections to one relay. */
export interface Relay {
  /** Rejects with nodemailer's error, or with a `GuardRefusal`; `transmission` then tells whether the mail may be out. */
  send(mail: MailToSend, signal: AbortSignal, transmission: Transmission): Promise<void>;
  /** Connects and logs in, as `send` would. */
  verify(): Promise<void>;
  /** Cuts what is still under way. */
  close(): void;
}

export function relayName({ host, port, security }: EmailSettings): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? PORTS[security]}`;
}

export function openRelay({ settings, policy, connections }: RelayOptions): Relay {
  const { host, security } = settings;
  const port = settings.port ?? PORTS[security];
  const target = { protocol: 'http:', hostname: host, port: String(port) };
  const connect = guardedOpener(target, {
    policy,
    resolve: resolveBySystem,
    clock: systemClock,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  const closing = new AbortController();
  const sockets = new Set<Socket>();
  const openSocket: GetSocketHandler = (_options, callback) => {
    connect(closing.signal).then((connection) => {
      sockets.add(connection);
      connection.once('close', () => sockets.delete(connection));
      callback(null, { connection });
    }, callback);
  };
  const { createTransport }: typeof import('nodemailer') = requireSdk('nodemailer');
  const transport = createTransport({
    pool: true,
    host,
    port,
    // How we greet. The name of a container or `[127.0.0.1]` is refused by relays such as Google's.
    name: domainOf(readMailbox(settings.from).address),
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...credentialsOf(settings),
    ...signatureOf(settings),
    maxConnections: connections,
    // A mail goes to another connection only while not a byte of it was read. Every kept one may turn out dead; a new
    // one then brings the relay's own words.
    maxRequeues: Math.min(connections, MAX_REQUEUES),
    connectionTimeout: SESSION_TIMEOUT_MS,
    greetingTimeout: SESSION_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    socketCloseTimeout: CLOSE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket: openSocket,
  });
  transport.use('stream', (mail, done) => {
    const transmission: unknown = Reflect.get(mail.data, 'transmission');
    const { message } = mail;
    if (message !== null && transmission instanceof Transmission) {
      const open = message.createReadStream.bind(message);
      message.createReadStream = (options) => transmission.watch(open(options));
    }
    done();
  });

  return {
    async send(mail, signal, transmission) {
      const watched = { ...mail, signal, transmission };
      await transport.sendMail(watched);
    },
    async verify() {
      await transport.verify();
    },
    close() {
      closing.abort();
      transport.close({ force: true });
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Without `forceAuth` a relay that offers no log-in would be spoken to as a stranger. */
function credentialsOf({ user, password }: EmailSettings) {
  if (user === undefined || password === undefined) return {};
  return { auth: { user, pass: password }, forceAuth: true };
}

function signatureOf({ from, dkimDomain, dkimSelector, dkimPrivateKey }: EmailSettings) {
  if (dkimPrivateKey === undefined || dkimSelector === undefined) return {};
  return {
    dkim: {
      domainName: dkimDomain ?? domainOf(readMailbox(from).address),
      keySelector: dkimSelector,
      privateKey: dkimPrivateKey,
      headerFieldNames: SIGNED_HEADERS,
    },
  };
}
