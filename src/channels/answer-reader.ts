import { WireFailure } from './outbound-failure.ts';

/** What is read of an answer unless the call wants more; the rest is cut off with the connection. */
export const MAX_BODY_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;
/** A length, and extensions that nobody reads. */
const MAX_CHUNK_LINE_BYTES = 1024;

export type AnswerHeaders = Record<string, string | string[] | undefined>;

type Part = 'head' | 'length' | 'chunk line' | 'chunk' | 'chunk end' | 'trailer' | 'rest' | 'whole';

/**
 * Reads HTTP/1.1 answers out of bytes as they come, one answer after each `begin` (RFC 9112, sections 4 to 7). Strict
 * where leniency would be a guess: what could be framed in two ways is no answer. Informational answers are passed over.
 */
export class AnswerReader {
  status = 0;
  headers: AnswerHeaders = {};
  body = '';
  /** Whether the server will take another request on this connection, as far as the answer tells. */
  isLast = true;
  /** How long the server says it keeps an idle connection, in seconds; null where it does not. */
  idleSeconds: number | null = null;
  /** Informational answers passed over: each says that the server is at work. */
  informational = 0;

  #part: Part = 'whole';
  /** Of a line or a head whose end has not come. */
  #text = '';
  /** Bytes of a body or of a chunk that are to come. */
  #missing = 0;
  #trailerBytes = 0;
  #chunks: Buffer[] = [];
  #size = 0;
  #maxBytes = MAX_BODY_BYTES;

  begin(maxBytes: number): void {
    this.headers = {};
    this.body = '';
    this.isLast = true;
    this.informational = 0;
    this.#part = 'head';
    this.#text = '';
    this.#trailerBytes = 0;
    this.#size = 0;
    this.#maxBytes = maxBytes;
  }

  /** Whether the answer has been read as far as it is wanted. */
  get isWhole(): boolean {
    return this.#part === 'whole';
  }

  get hasHead(): boolean {
    return this.#part !== 'head';
  }

  /** Takes what came, up to `end`; does not keep it. Answers where the answer ended in it. Throws `WireFailure`. */
  take(bytes: Buffer, end: number): number {
    let at = 0;
    while (at < end && this.#part !== 'whole') at = this.#step(bytes, at, end);
    return at;
  }

  /** The connection ended, which is how some answers do. Throws `WireFailure`, unless it is whole now. */
  end(): void {
    if (this.#part === 'rest') this.#finish();
    else if (this.#part === 'length') throw new WireFailure('the answer is shorter than it announced');
    else if (this.#part !== 'whole') throw new WireFailure('the connection broke');
  }

  #step(bytes: Buffer, at: number, end: number): number {
    switch (this.#part) {
      case 'head':
        return this.#readHead(bytes, at, end);
      case 'length':
        return this.#readLength(bytes, at, end);
      case 'chunk line':
        return this.#readChunkLine(bytes, at, end);
      case 'chunk':
        return this.#readChunk(bytes, at, end);
      case 'chunk end':
        return this.#readChunkEnd(bytes, at, end);
      case 'trailer':
        return this.#readTrailer(bytes, at, end);
      default:
        this.#append(bytes, at, end);
        return end;
    }
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const before = this.#text.length;
    const text = this.#text + bytes.toString('latin1', at, end);
    const stop = text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (stop > MAX_HEAD_BYTES || (stop < 0 && text.length > MAX_HEAD_BYTES)) {
      throw new WireFailure('its headers are larger than 16 KiB');
    }
    if (stop < 0) {
      if (!looksLikeHttp(text)) throw new WireFailure(NOT_HTTP);
      this.#text = text;
      return end;
    }
    this.#text = '';
    this.#openAnswer(text.slice(0, stop + 2));
    return at + stop + 4 - before;
  }

  #openAnswer(head: string): void {
    const { status, isOld, headers } = readHead(head);
    if (status === 101) throw new WireFailure('it began to speak another protocol');
    if (status < 200) {
      this.informational += 1;
      return;
    }
    this.status = status;
    this.headers = headers;
    this.isLast = isLastOnConnection(headers['connection'], isOld);
    this.idleSeconds = readIdleSeconds(headers['keep-alive']);
    this.#openBody(headers);
  }

  /** RFC 9112, section 6.3. */
  #openBody(headers: AnswerHeaders): void {
    const { 'content-length': length, 'transfer-encoding': encoding } = headers;
    if (encoding !== undefined) {
      if (typeof encoding !== 'string' || encoding.toLowerCase() !== 'chunked' || length !== undefined) {
        throw new WireFailure(NOT_HTTP);
      }
      this.#part = 'chunk line';
    } else if (length !== undefined) {
      if (typeof length !== 'string' || !DIGITS.test(length)) throw new WireFailure(NOT_HTTP);
      this.#missing = Number(length);
      this.#part = 'length';
    } else {
      this.isLast = true;
      this.#part = 'rest';
    }
    const isEmpty = this.status === 204 || this.status === 304;
    if (isEmpty || (this.#part === 'length' && this.#missing === 0)) this.#finish();
  }

  #readLength(bytes: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.#missing);
    if (this.#size === 0 && stop - at === this.#missing && this.#missing <= this.#maxBytes) {
      // Nearly every answer comes in one piece.
      this.body = bytes.toString('utf8', at, stop);
      this.#part = 'whole';
      return stop;
    }
    this.#missing -= stop - at;
    this.#append(bytes, at, stop);
    if (this.#missing === 0) this.#finish();
    return stop;
  }

  #readChunkLine(bytes: Buffer, at: number, end: number): number {
    const stop = this.#readLine(bytes, at, end);
    if (this.#text.length > MAX_CHUNK_LINE_BYTES) throw new WireFailure(NOT_HTTP);
    if (stop < 0) return end;
    const size = CHUNK_LINE.exec(this.#takeLine())?.[1];
    if (size === undefined) throw new WireFailure(NOT_HTTP);
    this.#missing = Number.parseInt(size, 16);
    this.#part = this.#missing === 0 ? 'trailer' : 'chunk';
    return stop;
  }

  #readChunk(bytes: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.#missing);
    this.#missing -= stop - at;
    if (this.#missing === 0) this.#part = 'chunk end';
    this.#append(bytes, at, stop);
    return stop;
  }

  #readChunkEnd(bytes: Buffer, at: number, end: number): number {
    const stop = this.#readLine(bytes, at, end);
    if (this.#text.length > 2) throw new WireFailure(NOT_HTTP);
    if (stop < 0) return end;
    if (this.#takeLine() !== '') throw new WireFailure(NOT_HTTP);
    this.#part = 'chunk line';
    return stop;
  }

  /** Nobody asks for what stands there. */
  #readTrailer(bytes: Buffer, at: number, end: number): number {
    const stop = this.#readLine(bytes, at, end);
    this.#trailerBytes += (stop < 0 ? end : stop) - at;
    if (this.#trailerBytes > MAX_HEAD_BYTES) throw new WireFailure('its headers are larger than 16 KiB');
    if (stop < 0) return end;
    if (this.#takeLine() === '') this.#finish();
    return stop;
  }

  /** Gathers a line up to and with its line feed; answers where it ended, or -1. */
  #readLine(bytes: Buffer, at: number, end: number): number {
    const feed = bytes.indexOf(LINE_FEED, at);
    const stop = feed < 0 || feed >= end ? -1 : feed + 1;
    this.#text += bytes.toString('latin1', at, stop < 0 ? end : stop);
    return stop;
  }

  #takeLine(): string {
    const line = this.#text;
    this.#text = '';
    if (!line.endsWith('\r\n')) throw new WireFailure(NOT_HTTP);
    return line.slice(0, -2);
  }

  /** What came is the socket's buffer, which the next read writes over. */
  #append(bytes: Buffer, at: number, end: number): void {
    this.#size += end - at;
    this.#chunks.push(Buffer.from(bytes.subarray(at, end)));
    if (this.#size <= this.#maxBytes) return;
    this.isLast = true;
    this.#finish();
  }

  #finish(): void {
    this.#part = 'whole';
    if (this.#chunks.length === 0) return;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.body = bytes.toString('utf8', 0, Math.min(bytes.length, this.#maxBytes));
  }
}

const NOT_HTTP = 'what came is not HTTP';
const LINE_FEED = 10;
const DIGITS = /^\d{1,15}$/;
const CHUNK_LINE = /^([\da-f]{1,8})[\t ]*(?:;.*)?$/i;

const BEGINNING = 'HTTP/1.';
const looksLikeHttp = (text: string): boolean => text.startsWith(BEGINNING.slice(0, text.length));

const STATUS_LINE = /HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/y;
const FIELD = /([\w!#$%&'*+.^`|~-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)\r\n/y;

/** `text` ends with the line feed of its last line. A value that goes on in the next line, a form of the past, is refused. */
function readHead(text: string): { status: number; isOld: boolean; headers: AnswerHeaders } {
  STATUS_LINE.lastIndex = 0;
  const first = STATUS_LINE.exec(text);
  if (first === null) throw new WireFailure(NOT_HTTP);
  const headers: AnswerHeaders = {};
  FIELD.lastIndex = STATUS_LINE.lastIndex;
  while (FIELD.lastIndex < text.length) {
    const field = FIELD.exec(text);
    if (field === null) throw new WireFailure(NOT_HTTP);
    const [, spelled = '', value = ''] = field;
    addField(headers, spelled.toLowerCase(), value.trimEnd());
  }
  return { status: Number(first[2]), isOld: first[1] === '0', headers };
}

function addField(headers: AnswerHeaders, name: string, value: string): void {
  // An object without a prototype would do without this, and takes twice as long.
  const known = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (known === undefined) headers[name] = value;
  else if (typeof known === 'string') headers[name] = [known, value];
  else known.push(value);
}

const listed = (value: string | string[] | undefined): string => String(value ?? '').toLowerCase();

function isLastOnConnection(connection: string | string[] | undefined, isOld: boolean): boolean {
  const said = listed(connection)
    .split(',')
    .map((word) => word.trim());
  return said.includes('close') || (isOld && !said.includes('keep-alive'));
}

function readIdleSeconds(value: string | string[] | undefined): number | null {
  const seconds = /(?:^|[,; ])timeout=(\d{1,6})/.exec(listed(value))?.[1];
  return seconds === undefined ? null : Number(seconds);
}
