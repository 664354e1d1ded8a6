import { createHmac, timingSafeEqual } from 'node:crypto';

/** Who wants to be left alone: the name a mail was sent under, and its address where that is another. */
export type Names = readonly [string, ...string[]];

/** What a link says. */
export interface Unsubscription {
  readonly names: Names;
  /** Of what kind the mail was that is wanted no more; null: none is. */
  readonly category: string | null;
}

const TOKEN = /^([\w-]{1,2000})\.([\w-]{43})$/;
/** With a public URL before it, a header line may have 998 bytes in all. */
const MAX_TOKEN_LENGTH = 700;

/**
 * The secret part of a link to unsubscribe: names, and proof that we wrote them. It says the same on every node and
 * after every start, and stays good for as long as the secret is the same. One connection's links are no other's.
 */
export class UnsubscribeLinks {
  readonly #secret: string;
  readonly #connectionId: string;

  constructor(secret: string, connectionId: string) {
    this.#secret = secret;
    this.#connectionId = connectionId;
  }

  /** Null for names so long that no header can hold them. */
  write({ names, category }: Unsubscription): string | null {
    const said = category === null ? names : { names, category };
    const content = Buffer.from(JSON.stringify(said)).toString('base64url');
    const token = `${content}.${this.#sign(content).toString('base64url')}`;
    return token.length <= MAX_TOKEN_LENGTH ? token : null;
  }

  /** Null for anything that `write` did not write. */
  read(token: string): Unsubscription | null {
    const [, content = '', signature = ''] = TOKEN.exec(token) ?? [];
    const isOurs = timingSafeEqual(Buffer.from(signature.padEnd(43, 'A'), 'base64url'), this.#sign(content));
    if (!isOurs || content === '') return null;
    const said: Names | Unsubscription = JSON.parse(Buffer.from(content, 'base64url').toString());
    return 'names' in said ? said : { names: said, category: null };
  }

  #sign(content: string): Buffer {
    return createHmac('sha256', this.#secret).update(`unsubscribe\n${this.#connectionId}\n${content}`).digest();
  }
}
