import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import type { ApiModel } from './api-model.ts';
import { type ApiAnswer, type ApiCall, type ApiStage, nativeUrl } from './api-stage.ts';
import type { BeckonProcess } from './beckon.ts';
import { type Leap, leapAhead, type OwnTime } from './leap.ts';

/** A server over one store, and what it called the notifications it took. */
export interface Side {
  readonly database: string;
  /** Of a database that has its own time. */
  readonly time: OwnTime | null;
  server: BeckonProcess;
}

/** What one bot asked of two servers, which are asked the same at the same time and have to answer alike. */
export class ApiPair {
  readonly stage: ApiStage;
  readonly bot: string;
  readonly sides: readonly [Side, Side];
  /** By side and order: the ids, and the answers they came with. */
  readonly #told: readonly [Told[], Told[]] = [[], []];

  constructor(stage: ApiStage, bot: string, sides: readonly [Side, Side]) {
    this.stage = stage;
    this.bot = bot;
    this.sides = sides;
  }

  async ask(call: ApiCall): Promise<readonly [ApiAnswer, ApiAnswer]> {
    return this.askAbout(() => call);
  }

  /** The same call but for what each side called things. */
  async askAbout(call: (side: 0 | 1) => ApiCall): Promise<readonly [ApiAnswer, ApiAnswer]> {
    const [sqlite, postgres] = this.sides;
    return Promise.all([this.stage.call(sqlite.server.url, call(0)), this.stage.call(postgres.server.url, call(1))]);
  }

  keep(answers: readonly [ApiAnswer, ApiAnswer]): void {
    for (const side of [0, 1] as const) {
      const { text } = answers[side];
      this.#told[side].push({ id: String(objectOf(text)['_id']), answer: text });
    }
  }

  told(side: 0 | 1, index: number): Told {
    const told = this.#told[side][index];
    assert.ok(told, `notification ${index} was never accepted`);
    return told;
  }

  /** Waits until every delivery that can end has ended. */
  async untilOver(model: ApiModel): Promise<void> {
    const late = await this.#listLate(model);
    if (late.length > 0) throw new Error(`they do not end: ${late.join(', ')}`);
  }

  async #listLate({ notifications }: ApiModel): Promise<string[]> {
    const late: string[] = [];
    const endsAt = performance.now() + PATIENCE_MS;
    for (const [index, expected] of notifications.entries()) {
      if (expected.isOver || expected.states.includes('waiting')) continue;
      const ended = await Promise.all(([0, 1] as const).map((side) => this.#hasEnded(side, index, endsAt)));
      expected.isOver = ended.every((has) => has);
      if (!expected.isOver) late.push(`notification ${index} on ${ended[0] ? 'PostgreSQL' : 'SQLite'}`);
    }
    return late;
  }

  async #hasEnded(side: 0 | 1, index: number, endsAt: number): Promise<boolean> {
    const path = nativeUrl(this.bot, `notifications/${this.told(side, index).id}`);
    for (;;) {
      const { text } = await this.stage.call(this.sides[side].server.url, { path });
      if (objectOf(text)['finishedAt'] !== null) return true;
      if (performance.now() > endsAt) return false;
      await pause(5);
    }
  }

  async leap(leap: Leap): Promise<void> {
    await Promise.all(this.sides.map(({ server, time }) => leapAhead(server, leap, time)));
  }

  async restart(start: (side: Side) => Promise<BeckonProcess>): Promise<void> {
    await Promise.all(
      this.sides.map(async (side) => {
        await this.stage.hangUp(side.server.url);
        assert.equal(await side.server.stop(), 0, 'exit code');
        side.server = await start(side);
      }),
    );
  }
}

interface Told {
  readonly id: string;
  readonly answer: string;
}

const PATIENCE_MS = 30_000;

export function objectOf(text: string): JsonObject {
  const value: Json = JSON.parse(text);
  assert.ok(isJsonObject(value), text);
  return value;
}

export function listOf(value: Json | undefined): JsonObject[] {
  assert.ok(Array.isArray(value), JSON.stringify(value));
  return value.filter(isJsonObject);
}

/** Without what differs by nature: ids drawn by chance and what is derived of them (the mark before a cursor), times, providers' ids. */
export const withoutChance = (text: string): string =>
  text
    .replace(/\b(ds|nl|ms)-[0-9a-f-]{36}/g, '$1')
    .replace(/\bSM[0-9a-f]{32}|\bhook-\d+/g, 'provider id')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
    .replace(/"nextCursor":"[\w-]{16}/g, '"nextCursor":"')
    .replace(/"tookMs":\d+/g, '"tookMs"');
