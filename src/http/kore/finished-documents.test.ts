import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BOT, call, OTHER_BOT, post, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { finalLog, finish } from '../../../test/support/played-engine.ts';
import type { NotificationStatus } from '../../model/notification.ts';
import type { Store } from '../../store/port.ts';
import { FinishedDocuments } from './finished-documents.ts';

const UNKNOWN_ID = '{"errors":[{"msg":"Invalid request ID","code":400}]}';

describe('the status of a finished notification', () => {
  it('reads its logs once, and its row at every call', async (t) => {
    const { rig, seen } = await openWatched(t);
    const id = await sendAndFinish(rig);
    const first = await look(rig, id);
    assert.equal(JSON.parse(first).status, 'SUCCESS');
    assert.equal(await look(rig, id), first);
    assert.deepEqual(seen, { findNotification: 2, listLogs: 1 });
  });

  it('is read anew by the other version of the API, whose document is another', async (t) => {
    const { rig } = await openWatched(t);
    const id = await sendAndFinish(rig);
    assert.deepEqual(Object.keys(JSON.parse(await look(rig, id)))[0], '_id');
    assert.deepEqual(Object.keys(JSON.parse(await look(rig, id, { version: 'notifyV2' })))[0], 'statusLogs');
  });

  it("is nobody else's, however often its owner asked", async (t) => {
    const { rig } = await openWatched(t);
    const id = await sendAndFinish(rig);
    await look(rig, id);
    assert.equal(await look(rig, id, { bot: OTHER_BOT, app: 'cs-both' }), UNKNOWN_ID);
    assert.match(await look(rig, id, { app: 'cs-scopeless' }), /Scope is incorrect/);
    assert.match(await look(rig, id, { app: 'cs-nobody' }), /"code":4002/);
  });

  it('is unknown as soon as its row is gone', async (t) => {
    const { rig, change } = await openWatched(t);
    const id = await sendAndFinish(rig);
    await look(rig, id);
    change(() => null);
    assert.equal(await look(rig, id), UNKNOWN_ID);
  });

  it('is read anew when the row was changed since', async (t) => {
    const { rig, change, seen } = await openWatched(t);
    const id = await sendAndFinish(rig);
    await look(rig, id);
    change((found) => found && { ...found, updatedAt: found.updatedAt + 1_000 });
    await look(rig, id);
    assert.equal(seen.listLogs, 2);
  });

  it('is kept only once it is finished', async (t) => {
    const { rig, seen } = await openWatched(t);
    const id = await send(rig);
    for (let calls = 1; calls <= 3; calls += 1) {
      assert.equal(JSON.parse(await look(rig, id)).status, 'IN_PROGRESS');
      assert.equal(seen.listLogs, calls);
    }
  });
});

describe('documents that are kept', () => {
  const finished = (id: string): NotificationStatus => ({ ...SAMPLE, id });

  it('take no more memory than they may, the least lately asked for going first', () => {
    const documents = new FinishedDocuments(100);
    for (const id of ['a', 'b', 'c']) documents.keep(finished(id), Buffer.alloc(33));
    assert.ok(documents.find(finished('a')));
    documents.keep(finished('d'), Buffer.alloc(33));
    const kept = ['a', 'b', 'c', 'd'].filter((id) => documents.find(finished(id)) !== null);
    assert.deepEqual(kept, ['a', 'c', 'd']);
  });

  it('are none that is larger than all may be', () => {
    const documents = new FinishedDocuments(100);
    documents.keep(finished('a'), Buffer.alloc(60));
    documents.keep(finished('b'), Buffer.alloc(101));
    assert.deepEqual([documents.find(finished('a'))?.length, documents.find(finished('b'))], [60, null]);
  });

  it('count once when two callers had them made at the same time', () => {
    const documents = new FinishedDocuments(100);
    documents.keep(finished('a'), Buffer.alloc(30));
    for (let again = 0; again < 5; again += 1) documents.keep(finished('b'), Buffer.alloc(60));
    assert.equal(documents.find(finished('a'))?.length, 30);
  });
});

const SAMPLE: NotificationStatus = {
  botId: BOT,
  id: 'ds-sample',
  api: 'kore-v1',
  appId: 'cs-builder',
  createdBy: 'u-tester',
  channel: 'msteams',
  channelSpelling: 'msteams',
  connectionId: 'dc-one',
  resolve: true,
  lane: 'normal',
  message: { type: 'text', text: 'Hi' },
  total: 1,
  createdAt: 0,
  expiresAt: 1,
  updatedAt: 1,
  finishedAt: 1,
  cancelledAt: null,
  pausedAt: null,
  pausedReason: null,
  counts: { total: 1, pending: 0, delivered: 1, failed: 0, suppressed: 0, expired: 0, cancelled: 0, unknown: 0 },
};

type Change = (found: NotificationStatus | null) => NotificationStatus | null;

/** A rig whose store is watched, and may be told to find something else than there is. */
async function openWatched(t: TestContext) {
  const seen = { findNotification: 0, listLogs: 0 };
  let change: Change = (found) => found;
  const around = (store: Store): Store => ({
    ...store,
    findNotification: async (key) => {
      seen.findNotification += 1;
      return change(await store.findNotification(key));
    },
    listLogs: (request) => {
      seen.listLogs += 1;
      return store.listLogs(request);
    },
  });
  const rig = await startRig({ around });
  t.after(() => rig.close());
  return {
    rig,
    seen,
    change(next: Change) {
      change = next;
    },
  };
}

async function look(rig: Rig, id: string, { version = 'notify', bot = BOT, app = 'cs-builder' } = {}): Promise<string> {
  const path = `/api/public/bot/${bot}/${version}/status/${id}`;
  return (await call(rig, path, { headers: { auth: await tokenFor(app) } })).text;
}

async function send(rig: Rig): Promise<string> {
  const message = { type: 'text', val: 'Hi' };
  const body = { channel: 'msteams', userIdentityType: 'resolve', message, identities: ['a@b.c'] };
  return JSON.parse((await post(rig, 'notify', body)).text)['_id'];
}

async function sendAndFinish(rig: Rig): Promise<string> {
  const id = await send(rig);
  await finish(rig.store, id, [finalLog(0, 'a@b.c', {})]);
  return id;
}
