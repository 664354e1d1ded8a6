import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { CONSOLE_MARKUP, OF_EVERY_FILE, policyFor } from './policy.ts';

/** The operators' console as the browser gets it: files of one folder, which nobody changes while the server runs. */
export interface Console {
  /** Null: nothing of the console is meant. */
  find(request: Pick<FastifyRequest, 'method' | 'url' | 'headers'>): Promise<Page | null>;
}

export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

const PAGE = 'index.html';
const NONCE = '__NONCE__';
/** Their names are hashes of what they hold. */
const ASSETS = 'assets/';

/** Where other things of this server are: an address below them that leads nowhere is an error and no page. */
const NOT_PAGES = /^\/(?:api|channels|docs|openapi\.json|healthz|readyz|metrics|\.well-known|assets)(?:\/|$)/;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

export function openConsole(folder: string): Console {
  let files: Promise<Map<string, Kept>> | null = null;
  return {
    async find({ method, url, headers }) {
      if (method !== 'GET' && method !== 'HEAD') return null;
      const [path = '/'] = url.split('?', 1);
      files ??= listFiles(folder);
      const file = (await files).get(path.slice(1));
      if (file !== undefined && path !== `/${PAGE}`) return file.answer(headers['accept-encoding']);
      if (!isPage(path, headers.accept)) return null;
      const page = (await files).get(PAGE);
      return page === undefined ? NOT_BUILT : page.answerPage();
    },
  };
}

/** The console finds its own way from there; whoever asks for no page is a program that has the wrong address. */
function isPage(path: string, accept = ''): boolean {
  if (path === '/') return true;
  // What is shown of a bot may have a name of its own with a dot in it, as no file has there.
  const mayBeFile = basename(path).includes('.') && !path.startsWith('/bots/');
  return !NOT_PAGES.test(path) && !mayBeFile && accept.includes('text/html');
}

const NOT_BUILT: Page = {
  status: 503,
  headers: { ...OF_EVERY_FILE, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  body: 'The console is not built. Build it with `npm run build:console`, and start the server again.\n',
};

async function listFiles(folder: string): Promise<Map<string, Kept>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths.map((path) => {
      const name = path.slice(join(folder, '/').length).replaceAll('\\', '/');
      return [name, new Kept(path, name)];
    }),
  );
}

/**
 * Brotli's own default is for files that are made small once and for all: it takes a hundred times as long for a tenth
 * less, and whoever opens the console first after a start waits for it.
 */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const brotli = promisify(brotliCompress);
const COMPRESS = { br: (body: Buffer) => brotli(body, BROTLI), gzip: promisify(gzip) } as const;
const COMPRESSIBLE = /^(?:text|application)\/|svg/;

/** A file in memory once it was asked for, also as it is when compressed. */
class Kept {
  readonly #path: string;
  readonly #name: string;
  readonly #bodies = new Map<string, Promise<Buffer>>();

  constructor(path: string, name: string) {
    this.#path = path;
    this.#name = name;
  }

  async answer(acceptEncoding: string | string[] | undefined): Promise<Page> {
    const type = TYPES[extname(this.#name)] ?? 'application/octet-stream';
    const encoding = COMPRESSIBLE.test(type) ? chooseEncoding(String(acceptEncoding ?? '')) : null;
    const body = await this.#keep(encoding);
    const isForEver = this.#name.startsWith(ASSETS);
    return {
      status: 200,
      headers: {
        ...OF_EVERY_FILE,
        'content-type': type,
        'cache-control': isForEver ? 'public, max-age=31536000, immutable' : 'no-cache',
        vary: 'accept-encoding',
        ...(encoding !== null && { 'content-encoding': encoding }),
      },
      body,
    };
  }

  async answerPage(): Promise<Page> {
    const nonce = randomBytes(16).toString('base64');
    const text = (await this.#keep(null)).toString('utf8').replaceAll(NONCE, nonce);
    const headers = { ...policyFor(nonce, CONSOLE_MARKUP), 'content-type': 'text/html; charset=utf-8' };
    return { status: 200, headers, body: text };
  }

  #keep(encoding: keyof typeof COMPRESS | null): Promise<Buffer> {
    const key = encoding ?? 'identity';
    const body = this.#bodies.get(key) ?? this.#make(encoding);
    this.#bodies.set(key, body);
    return body;
  }

  async #make(encoding: keyof typeof COMPRESS | null): Promise<Buffer> {
    if (encoding === null) return readFile(this.#path);
    return COMPRESS[encoding](await this.#keep(null));
  }
}

function chooseEncoding(accepted: string): keyof typeof COMPRESS | null {
  const names = accepted.split(',').map((each) => each.trim().toLowerCase());
  if (names.includes('br')) return 'br';
  return names.includes('gzip') ? 'gzip' : null;
}
