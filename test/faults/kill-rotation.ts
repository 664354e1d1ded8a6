import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { createClient } from '../../src/client/client.ts';
import { ClientError } from '../../src/client/client-error.ts';
import { systemClock } from '../../src/model/clock.ts';
import { derivedId } from '../../src/model/ids.ts';
import { SCOPE_ADMIN } from '../../src/model/tenancy.ts';
import { openStore } from '../../src/store/open.ts';
import { placeOf } from '../../src/tenancy/stored-rows.ts';
import { Vault } from '../../src/tenancy/vault.ts';
import { type BeckonProcess, startBeckon } from '../support/beckon.ts';
import { startPostgres } from '../support/postgres.ts';
import { openReader } from '../support/until-all-over.ts';
import type { Fault, Finding } from './fault.ts';

const DEADLY = fileURLToPath(new URL('../support/deadly-server.ts', import.meta.url));

/** The nth moment of one of the two rotations, as `deadly-server.ts` counts them. */
export interface Moment {
  readonly of: 'master key' | 'app';
  readonly at: number;
}

/** Each with a connection, so with a data key; and one more for what is of no bot. */
const BOTS = 7;
/** A data key is written and committed, each in a moment; a change of an app is three statements and their commit. */
const OF_MASTER = 2 * (BOTS + 1);
const OF_APP = 4;

const MOMENTS: readonly Moment[] = [
  ...Array.from({ length: OF_MASTER }, (_, index): Moment => ({ of: 'master key', at: index + 1 })),
  ...Array.from({ length: OF_APP }, (_, index): Moment => ({ of: 'app', at: index + 1 })),
];

export const rotationKilledOnSqlite: Fault = {
  id: 'F03',
  title: 'kill -9 amid a rotation of secrets, SQLite',
  run: () => killRotation({ moments: MOMENTS }),
  control: () => killRotation({ moments: [{ of: 'master key', at: 2 }], inHalves: true }),
};

export const rotationKilledOnPostgres: Fault = {
  id: 'F03',
  title: 'kill -9 amid a rotation of secrets, PostgreSQL',
  run: () => killRotation({ moments: MOMENTS, postgres: true }),
};

interface RotationOptions {
  readonly moments: readonly Moment[];
  readonly postgres?: boolean;
  readonly inHalves?: boolean;
}

/**
 * At each moment a rotation is begun anew and the server killed in it. Then every secret opens with the keys that were
 * given; the rotation, asked for again, comes to its end; and afterwards the former master key is needed no more, while
 * the former key of an app goes on for its day.
 */
export async function killRotation({ moments, postgres, inHalves }: RotationOptions): Promise<Finding> {
  const server = postgres ? await startPostgres() : null;
  const folder = await mkdtemp(join(tmpdir(), 'beckon-rotation-'));
  const stage = new Stage(folder, (await server?.createDatabase()) ?? `sqlite:${join(folder, 'beckon.db')}`);
  const broken: string[] = [];
  try {
    await stage.prepare(moments.length);
    for (const [round, moment] of moments.entries()) {
      const faults = await (moment.of === 'app'
        ? killApp(stage, round, moment.at)
        : killMaster(stage, moment, inHalves));
      broken.push(...faults.map((fault) => `${fault} (${moment.of} ${moment.at})`));
      // What is lost stays lost.
      if (broken.length > 0) break;
    }
    return {
      figure: `${moments.length} kills: ${broken.length === 0 ? 'every secret opens, every rotation ends' : broken.join(', ')}`,
      bar: 'every secret opens after each kill, and the rotation ends when it is asked for again',
      ok: broken.length === 0,
    };
  } finally {
    await stage.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function killMaster(stage: Stage, { at }: Moment, inHalves = false): Promise<string[]> {
  const former = stage.masterKey;
  const before = await stage.listMasters();
  stage.masterKey = newMasterKey();
  await stage.dieWrapping(at, former, inHalves);
  const faults = await stage.listUnopened([stage.masterKey, former]);
  if (faults.length > 0) return faults;
  const wrapped = (await stage.listMasters()).filter((master) => !before.includes(master)).length;
  if (Math.abs(wrapped - at / 2) > 0.5) return [`${wrapped} data keys were wrapped anew when it died`];
  await (await stage.start({ former })).kill();
  return stage.listUnopened([stage.masterKey]);
}

async function killApp(stage: Stage, round: number, at: number): Promise<string[]> {
  const [former, latter] = [stage.secrets.get(appAt(round)) ?? '', newSecret()];
  const rotate = async ({ url }: BeckonProcess) =>
    createClient({ url, token: await stage.adminToken() }).admin.apps.rotate(appAt(round), { clientSecret: latter });
  const deadly = await stage.startDeadly(at);
  const answered = await rotate(deadly).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ClientError && error.status === null) return false;
      throw error;
    },
  );
  await deadly.ended;
  const server = await stage.start();
  const isIn = async (secret: string) => (await stage.callAs(server, appAt(round), secret)) === 200;
  const faults = answered ? ['answered'] : [];
  if (!(await isIn(former))) faults.push('the former key is refused after the kill');
  if (at === OF_APP && !(await isIn(latter))) faults.push('the new key is refused though it was kept');
  await rotate(server);
  for (const secret of [former, latter]) if (!(await isIn(secret))) faults.push('a key is refused in the end');
  if (await isIn(newSecret())) faults.push('any key is let in');
  await server.kill();
  stage.secrets.set(appAt(round), latter);
  return [...faults, ...(await stage.listUnopened([stage.masterKey]))];
}

const admin = { clientId: derivedId('cs', 'rotation admin'), secret: 'rotation-secret-of-more-than-32-bytes' };
const botAt = (index: number): string => derivedId('st', `rotation ${index}`);
const appAt = (index: number): string => derivedId('cs', `rotation ${index}`);
const newMasterKey = (): string => randomBytes(32).toString('base64');
const newSecret = (): string => randomBytes(48).toString('base64url');

const sign = (clientId: string, secret: string): Promise<string> =>
  new SignJWT({ appId: clientId, sub: 'ann' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));

/** A database with secrets, and servers on it one after the other. */
class Stage {
  masterKey = newMasterKey();
  /** Of apps the present key; of connections what signs their webhooks: by id. */
  readonly secrets = new Map<string, string>();
  readonly #configPath: string;
  readonly #database: string;
  readonly #started: BeckonProcess[] = [];

  constructor(folder: string, database: string) {
    this.#configPath = join(folder, 'beckon.yaml');
    this.#database = database;
  }

  async prepare(apps: number): Promise<void> {
    const { clientId, secret: clientSecret } = admin;
    const app = { clientId, clientSecret, algorithm: 'HS256', kind: 'admin', scopes: [SCOPE_ADMIN] };
    await writeFile(this.#configPath, stringify({ bots: [], apps: [app] }), { mode: 0o600 });
    const server = await this.start();
    const { admin: api } = createClient({ url: server.url, token: await this.adminToken() });
    for (let index = 0; index < BOTS; index += 1) {
      const [botId, secret] = [botAt(index), `whsec_${randomBytes(24).toString('base64')}`];
      await api.bots.save(botId, { name: `Bot ${index}` });
      const settings = { url: 'https://example.com/hook', secret };
      const { id } = await api.connections.save({ botId, channel: 'ivr', name: 'Hook', settings });
      this.secrets.set(id, secret);
    }
    for (let index = 0; index < apps; index += 1) {
      const { clientSecret: made } = await api.apps.save(appAt(index), { algorithm: 'HS256', bots: [botAt(0)] });
      this.secrets.set(appAt(index), made ?? '');
    }
    await server.kill();
  }

  async start({ former, script, more = [] }: StartOptions = {}): Promise<BeckonProcess> {
    const env = { BECKON_SECRET_KEY: this.masterKey, ...(former !== undefined && { BECKON_OLD_SECRET_KEY: former }) };
    const args = ['--config', this.#configPath, '--database', this.#database, '--log-level', 'warn', ...more];
    const started = await startBeckon(args, script, env);
    this.#started.push(started);
    return started;
  }

  startDeadly(at: number): Promise<BeckonProcess> {
    return this.start({ script: DEADLY, more: ['--dies-at', String(at)] });
  }

  /** A server that wraps the data keys anew is dead before it listens. */
  async dieWrapping(at: number, former: string, inHalves: boolean): Promise<void> {
    const more = ['--dies-at', String(at), ...(inHalves ? ['--halves', 'on'] : [])];
    const lives = await this.start({ script: DEADLY, more, former }).then(
      () => true,
      () => false,
    );
    if (lives) throw new Error(`a server lived through moment ${at}`);
  }

  /** What is sealed and does not hold what was put there, opened with these master keys and no server. */
  async listUnopened([masterKey = '', oldMasterKey]: readonly string[]): Promise<string[]> {
    const bytes = (key: string) => Buffer.from(key, 'base64');
    const store = await openStore(this.#database, { clock: systemClock });
    try {
      const old = oldMasterKey === undefined ? null : bytes(oldMasterKey);
      const vault = new Vault({ store, masterKey: bytes(masterKey), oldMasterKey: old });
      const rows = (await store.listConfigured({ after: null, limit: 500 })).filter(({ sealed }) => sealed !== null);
      const found = rows.map(async (row) => {
        const opened = await vault.unseal(row.sealed ?? '', placeOf(row)).catch((error: Error) => error.name);
        return opened.includes(this.secrets.get(row.id) ?? '\0')
          ? []
          : [`${row.kind} ${row.id}: ${opened.slice(0, 20)}`];
      });
      const missing = rows.length === this.secrets.size ? [] : [`${rows.length} of ${this.secrets.size} are there`];
      return [...missing, ...(await Promise.all(found)).flat()];
    } finally {
      await store.close();
    }
  }

  /** Which master key wraps each data key, by name. */
  async listMasters(): Promise<string[]> {
    const reader = await openReader(this.#database);
    try {
      return (await reader.ask('SELECT master FROM data_keys')).map(({ master }) => String(master));
    } finally {
      await reader.close();
    }
  }

  adminToken(): Promise<string> {
    return sign(admin.clientId, admin.secret);
  }

  async callAs({ url }: BeckonProcess, clientId: string, secret: string): Promise<number> {
    return (await fetch(`${url}/api/v1/bots`, { headers: { auth: await sign(clientId, secret) } })).status;
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((child) => child.kill()));
  }
}

interface StartOptions {
  readonly former?: string;
  readonly script?: string;
  readonly more?: readonly string[];
}
