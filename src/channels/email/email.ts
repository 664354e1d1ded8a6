import { createPrivateKey } from 'node:crypto';
import type { Outcome } from '../../model/outcome.ts';
import { identityKey } from '../../model/person.ts';
import type { Connection } from '../../model/tenancy.ts';
import { cleanDetail } from '../clean-detail.ts';
import {
  type Channel,
  type ChannelSession,
  type ChannelTools,
  type CheckResult,
  callbackUrl,
  type SendRequest,
} from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { composeMail, type WriteUnsubscribeUrl } from './compose.ts';
import { escapeValue, inspectContent } from './content.ts';
import { readTrouble, type Trouble } from './errors.ts';
import { EmailInbox } from './inbox.ts';
import { openRelay, type Relay, type RelayOptions, relayName } from './relay.ts';
import { judgeReply, PolicyRefusals } from './replies.ts';
import { EMAIL_SETTINGS, type EmailSettings } from './settings.ts';
import { Transmission } from './transmission.ts';
import { type Names, UnsubscribeLinks } from './unsubscribe-links.ts';

const CONNECTIONS = 5;

/**
 * E-mail through an SMTP relay, one recipient a mail. The identity is the address unless the directory has another.
 * SMTP has no idempotency: a repeated mail is known by its Message-ID, and only some receivers drop it.
 */
export const email: Channel = {
  id: 'email',
  aliases: ['mail', 'smtp'],
  identityKey: 'email',
  addressing: 'identity',
  named: false,
  settings: EMAIL_SETTINGS,
  defaults: { perSecond: null, concurrency: CONNECTIONS },
  afterUnknown: 'retry',
  keepsSilence: true,
  open: (connection, tools) => new EmailSession(readSettings(EMAIL_SETTINGS, connection), connection, tools),
  openInbox: (connection, tools) => new EmailInbox(readSettings(EMAIL_SETTINGS, connection), connection, tools),
  inspect: inspectContent,
  escapeValue,
};

class EmailSession implements ChannelSession {
  readonly #settings: EmailSettings;
  readonly #options: RelayOptions;
  readonly #relay: Relay;
  readonly #name: string;
  readonly #secrets: readonly string[];
  /** Why no mail can be sent with these settings, whoever it is for; null when they are fine. */
  readonly #fault: string | null;
  readonly #writeUnsubscribeUrl: WriteUnsubscribeUrl;
  readonly #refusals = new PolicyRefusals();

  constructor(settings: EmailSettings, connection: Connection, tools: Pick<ChannelTools, 'publicUrl'>) {
    const { allowPrivateNetwork, limits } = connection;
    this.#writeUnsubscribeUrl = unsubscribeUrlWriter(settings, connection, tools);
    this.#settings = settings;
    // More sends than connections would wait in line inside the pool, at the cost of their deadlines.
    this.#options = { settings, policy: { allowPrivateNetwork }, connections: limits.concurrency ?? CONNECTIONS };
    this.#relay = openRelay(this.#options);
    this.#name = relayName(settings);
    this.#secrets = secretsOf(settings);
    this.#fault = findKeyFault(settings.dkimPrivateKey);
  }

  async send(request: SendRequest): Promise<Outcome> {
    if (this.#fault !== null) {
      return { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail: this.#fault };
    }
    const mail = composeMail(request, this.#settings, this.#writeUnsubscribeUrl);
    if ('kind' in mail) return mail;
    const transmission = new Transmission();
    try {
      await this.#relay.send(mail, request.signal, transmission);
    } catch (error) {
      const trouble = readTrouble(error, { relay: this.#name, isComplete: transmission.isComplete });
      return this.#judge(trouble, request.address.channelId);
    }
    this.#refusals.clear();
    return { kind: 'accepted', providerMessageId: mail.messageId };
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    if (this.#fault !== null) return { ok: false, detail: this.#fault };
    const relay = openRelay(this.#options);
    try {
      await within(signal, relay.verify());
      const as = this.#settings.user === undefined ? '' : ' and the log-in';
      return { ok: true, detail: `${this.#name} took the connection${as}.` };
    } catch (error) {
      const trouble = readTrouble(error, { relay: this.#name, isComplete: false });
      return { ok: false, detail: trouble.kind === 'reply' ? this.#quote(trouble.text) : trouble.outcome.detail };
    } finally {
      relay.close();
    }
  }

  async close(): Promise<void> {
    this.#relay.close();
  }

  #judge(trouble: Trouble, recipient: string): Outcome {
    if (trouble.kind === 'outcome') return trouble.outcome;
    const verdict = judgeReply(trouble.reply);
    const judged = verdict === 'policy' ? this.#refusals.judge(recipient) : verdict;
    return { ...judged, detail: this.#quote(trouble.text) };
  }

  #quote(reply: string): string {
    return cleanDetail(`${this.#name} answered ${reply}`, this.#secrets);
  }
}

/** Where recipients unsubscribe: at the place that is configured, or here. */
function unsubscribeUrlWriter(
  { unsubscribeUrl, unsubscribeSecret }: EmailSettings,
  { id }: Connection,
  tools: Pick<ChannelTools, 'publicUrl'>,
): WriteUnsubscribeUrl {
  if (unsubscribeUrl !== undefined) {
    return ({ key, identity }) =>
      unsubscribeUrl
        .replaceAll('{key}', () => encodeURIComponent(key))
        .replaceAll('{identity}', () => encodeURIComponent(identity.toWellFormed()));
  }
  const url = callbackUrl(tools, id, 'events');
  if (url === null || unsubscribeSecret === undefined) return () => null;
  const links = new UnsubscribeLinks(unsubscribeSecret, id);
  return ({ identity, address, category = null }) => {
    const token = links.write({ names: namesOf(identity, address.channelId), category });
    return token === null ? null : `${url}?u=${token}`;
  };
}

const namesOf = (identity: string, address: string): Names =>
  identityKey(identity) === identityKey(address) ? [identity] : [identity, address];

/** What no log may show, as it is and as it goes over the wire. */
function secretsOf({ user, password, dkimPrivateKey, unsubscribeSecret, bounceSecret }: EmailSettings): string[] {
  const inBase64 = password === undefined ? [] : [password, `\0${user}\0${password}`].map(toBase64);
  return [password, dkimPrivateKey, unsubscribeSecret, bounceSecret, ...inBase64].filter(
    (secret) => secret !== undefined,
  );
}

const toBase64 = (text: string): string => Buffer.from(text).toString('base64');

/** nodemailer would send the mail unsigned and say nothing. */
function findKeyFault(pem: string | undefined): string | null {
  if (pem === undefined) return null;
  try {
    const { asymmetricKeyType } = createPrivateKey(pem);
    if (asymmetricKeyType === 'rsa') return null;
    return `dkimPrivateKey is a key for ${asymmetricKeyType}; signing mail takes one for RSA.`;
  } catch {
    return 'dkimPrivateKey is no private key in PEM (-----BEGIN PRIVATE KEY-----).';
  }
}

function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp, { once: true });
  work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  return promise;
}
