import type { Socket } from 'node:net';
import { LineReader } from './line-reader.ts';
import type { Reply } from './reply-writer.ts';
import { scriptOf } from './scripts.ts';

/** One step of a conversation: its name for faults and counters, whom it is about, what it does. */
export interface Step {
  readonly route: 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'send' | 'other';
  readonly recipient: string | null;
  /** Carries the step out and says what to answer. */
  run(): Reply;
}

export interface Envelope {
  readonly sender: string;
  readonly recipients: readonly string[];
}

export interface ConversationParts {
  readonly credentials: { readonly user: string; readonly password: string };
  /** Takes a mail for its recipients; answers what it is queued as. */
  deliver(envelope: Envelope, raw: string): string;
  /** True when the pair is met for the first time. */
  isNew(sender: string, recipient: string): boolean;
  /** Answers a step; false when the conversation is over. */
  answer(step: Step): Promise<boolean>;
}

const MAX_MAIL_BYTES = 10 * 1024 * 1024;
const GREETING = [
  '250-sandbox',
  '250-PIPELINING',
  `250-SIZE ${MAX_MAIL_BYTES}`,
  '250-8BITMIME',
  '250-SMTPUTF8',
  '250-ENHANCEDSTATUSCODES',
  '250 AUTH PLAIN LOGIN',
].join('\r\n');
const OUT_OF_ORDER = '503 5.5.1 Bad sequence of commands';

/** One client's conversation with the relay, from greeting to goodbye. */
export class Conversation {
  readonly #parts: ConversationParts;
  readonly #lines: LineReader;
  #isAuthenticated = false;
  #sender: string | null = null;
  #recipients: string[] = [];

  constructor(socket: Socket, parts: ConversationParts) {
    this.#parts = parts;
    this.#lines = new LineReader(socket);
  }

  async hold(): Promise<void> {
    if (!(await this.#say('connect', () => '220 sandbox ESMTP'))) return;
    for (let line = await this.#lines.next(); line !== null; line = await this.#lines.next()) {
      if (!(await this.#obey(line))) return;
    }
  }

  #obey(line: string): Promise<boolean> {
    const [verb = ''] = line.split(' ', 1);
    switch (verb.toUpperCase()) {
      case 'EHLO':
        return this.#say('other', () => this.#restart(GREETING));
      case 'HELO':
        return this.#say('other', () => this.#restart('250 sandbox'));
      case 'AUTH':
        return this.#logIn(line);
      case 'MAIL':
        return this.#say('mail', () => this.#startMail(line));
      case 'RCPT':
        return this.#addRecipient(line);
      case 'DATA':
        return this.#takeMail();
      case 'RSET':
        return this.#say('other', () => this.#restart('250 2.0.0 Ok'));
      case 'NOOP':
        return this.#say('other', () => '250 2.0.0 Ok');
      case 'QUIT':
        return this.#say('other', () => '221 2.0.0 Bye');
      default:
        return this.#say('other', () => '502 5.5.2 Command not recognized');
    }
  }

  #restart(answer: Reply): Reply {
    this.#forgetMail();
    return answer;
  }

  async #logIn(line: string): Promise<boolean> {
    const [, method = '', initial] = line.split(' ');
    const answers: string[] = initial === undefined ? [] : [initial];
    const questions = method.toUpperCase() === 'LOGIN' ? ['VXNlcm5hbWU6', 'UGFzc3dvcmQ6'] : [''];
    while (answers.length < questions.length) {
      if (!(await this.#say('other', () => `334 ${questions[answers.length]}`))) return false;
      answers.push((await this.#lines.next()) ?? '');
    }
    const decoded = answers.map((answer) => Buffer.from(answer, 'base64').toString('utf8'));
    const [user, password] = decoded.length === 2 ? decoded : (decoded[0] ?? '').split('\0').slice(1);
    return this.#say('auth', () => this.#checkLogIn(user, password));
  }

  #checkLogIn(user: string | undefined, password: string | undefined): Reply {
    const { credentials } = this.#parts;
    this.#isAuthenticated = user === credentials.user && password === credentials.password;
    return this.#isAuthenticated
      ? '235 2.7.0 Authentication successful'
      : '535 5.7.8 Authentication credentials invalid';
  }

  #startMail(line: string): Reply {
    if (!this.#isAuthenticated) return '530 5.7.0 Authentication required';
    if (this.#sender !== null) return OUT_OF_ORDER;
    const sender = /^MAIL FROM:\s*<([^<>]*)>/i.exec(line)?.[1];
    if (sender === undefined) return '501 5.5.4 Syntax: MAIL FROM:<address>';
    this.#sender = sender;
    return '250 2.1.0 Ok';
  }

  #addRecipient(line: string): Promise<boolean> {
    const recipient = /^RCPT TO:\s*<([^<>@]+@[^<>@]+)>/i.exec(line)?.[1];
    return this.#say('rcpt', () => this.#judgeRecipient(recipient), recipient);
  }

  #judgeRecipient(recipient: string | undefined): Reply {
    if (this.#sender === null) return OUT_OF_ORDER;
    if (recipient === undefined) return '501 5.1.3 Bad recipient address syntax';
    const { atRecipient, greylisted } = scriptOf(recipient);
    if (atRecipient !== null) return atRecipient;
    if (greylisted && this.#parts.isNew(this.#sender, recipient)) return '450 4.2.0 Greylisted, come back later';
    this.#recipients.push(recipient);
    return '250 2.1.5 Ok';
  }

  async #takeMail(): Promise<boolean> {
    const envelope = { sender: this.#sender ?? '', recipients: this.#recipients };
    const [recipient] = envelope.recipients;
    if (recipient === undefined) return this.#say('data', () => '554 5.5.1 No valid recipients');
    let isWelcome = false;
    const invite = () => {
      isWelcome = true;
      return '354 End data with <CR><LF>.<CR><LF>';
    };
    if (!(await this.#say('data', invite, recipient))) return false;
    if (!isWelcome) return true;
    const raw = await this.#readMail();
    if (raw === null) return false;
    this.#forgetMail();
    return this.#say('send', () => this.#judgeMail(envelope, raw), recipient);
  }

  #judgeMail(envelope: Envelope, raw: string): Reply {
    if (raw.length > MAX_MAIL_BYTES) return '552 5.3.4 Message too big';
    const refusal = envelope.recipients
      .map((recipient) => scriptOf(recipient).atMail)
      .find((script) => script !== null);
    return refusal ?? `250 2.0.0 Ok: queued as ${this.#parts.deliver(envelope, raw)}`;
  }

  /** The mail up to the line with nothing but a dot; null when the client leaves before. */
  async #readMail(): Promise<string | null> {
    const lines: string[] = [];
    for (let line = await this.#lines.next(); line !== null; line = await this.#lines.next()) {
      if (line === '.') return lines.map((text) => `${text}\r\n`).join('');
      lines.push(line.startsWith('.') ? line.slice(1) : line);
    }
    return null;
  }

  #forgetMail(): void {
    this.#sender = null;
    this.#recipients = [];
  }

  #say(route: Step['route'], run: () => Reply, recipient: string | null = null): Promise<boolean> {
    return this.#parts.answer({ route, recipient, run });
  }
}
