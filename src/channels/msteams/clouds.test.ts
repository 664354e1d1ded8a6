import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Value } from 'typebox/value';
import type { JsonObject } from '../../model/json.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { OutboundCall, OutboundResult } from '../outbound.ts';
import { openTestClock } from '../test-desk.ts';
import { type CloudName, cloudOf } from './clouds.ts';
import { msteams } from './msteams.ts';
import { TEAMS_SETTINGS } from './settings.ts';

const TENANT = '00000000-0000-0000-0000-0000000000aa';
const SETTINGS: JsonObject = { appId: 'app', appPassword: 'secret', tenantId: TENANT };

/** [cloud, token host, its authority for multi-tenant bots, scope, connector, Graph, whose metadata] */
const CLOUDS: readonly (readonly [CloudName, string, string, string, string, string, string])[] = [
  [
    'public',
    'https://login.microsoftonline.com',
    'botframework.com',
    'https://api.botframework.com/.default',
    'https://smba.trafficmanager.net/teams/',
    'https://graph.microsoft.com',
    'https://login.botframework.com',
  ],
  [
    'gcc',
    'https://login.microsoftonline.com',
    'botframework.com',
    'https://api.botframework.com/.default',
    'https://smba.infra.gcc.teams.microsoft.com/teams/',
    'https://graph.microsoft.com',
    'https://login.botframework.com',
  ],
  [
    'gcch',
    'https://login.microsoftonline.us',
    'MicrosoftServices.onmicrosoft.us',
    'https://api.botframework.us/.default',
    'https://smba.infra.gov.teams.microsoft.us/teams/',
    'https://graph.microsoft.us',
    'https://login.botframework.azure.us',
  ],
  [
    'dod',
    'https://login.microsoftonline.us',
    'MicrosoftServices.onmicrosoft.us',
    'https://api.botframework.us/.default',
    'https://smba.infra.dod.teams.microsoft.us/teams/',
    'https://dod-graph.microsoft.us',
    'https://login.botframework.azure.us',
  ],
  [
    'china',
    'https://login.partner.microsoftonline.cn',
    'microsoftservices.partner.onmschina.cn',
    'https://api.botframework.azure.cn/.default',
    'https://connector.example/',
    'https://microsoftgraph.chinacloudapi.cn',
    'https://login.botframework.azure.cn',
  ],
];

describe('A cloud', () => {
  for (const [cloud, login, authority, scope, connector, graph, openId] of CLOUDS) {
    const more = cloud === 'china' ? { serviceUrl: connector } : {};

    test(`${cloud}: where a message goes, and by whose token`, async () => {
      for (const multiTenant of [false, true]) {
        const wire = openWire();
        const session = msteams.open(connectionWith({ cloud, multiTenant, ...more }), wire.tools);
        await session.send(aRequest());
        assert.deepEqual(wire.urls, [
          `${login}/${multiTenant ? authority : TENANT}/oauth2/v2.0/token`,
          `${connector}v3/conversations`,
        ]);
        assert.equal(new URLSearchParams(String(wire.calls[0]?.body)).get('scope'), scope);
      }
    });

    test(`${cloud}: where people are looked up`, async () => {
      const wire = openWire();
      const session = msteams.open(connectionWith({ cloud, lookUp: true, multiTenant: true, ...more }), wire.tools);
      await session.lookUp?.(['jane@example.com'], AbortSignal.timeout(1_000));
      assert.deepEqual(wire.urls, [`${login}/${TENANT}/oauth2/v2.0/token`, `${graph}/v1.0/$batch`]);
      assert.equal(new URLSearchParams(String(wire.calls[0]?.body)).get('scope'), `${graph}/.default`);
    });

    test(`${cloud}: whose events are believed`, async () => {
      const wire = openWire();
      const inbox = msteams.openInbox?.(connectionWith({ cloud, ...more }), wire.tools);
      const header = Buffer.from('{"alg":"RS256","kid":"x"}').toString('base64url');
      const callback = await inbox?.receive({
        method: 'POST',
        kind: 'events',
        url: 'https://beckon.example/',
        query: new URLSearchParams(),
        headers: { authorization: `Bearer ${header}.e30.x` },
        body: Buffer.from('{}'),
        signal: AbortSignal.timeout(1_000),
      });
      assert.equal(callback?.reply.status, 503);
      assert.deepEqual(wire.urls, [`${openId}/v1/.well-known/openidconfiguration`]);
    });

    test(`${cloud}: known by its login host too, as connections said before`, () => {
      const known = cloudOf({ loginUrl: login });
      assert.equal(known.scope, scope);
      assert.equal(known.multiTenantAuthority, authority);
    });
  }

  test('is the public one for any other login host', () => {
    assert.equal(cloudOf({ loginUrl: 'http://127.0.0.1:4000/login' }), cloudOf({}));
  });

  test('gives way to every URL that is named', async () => {
    const wire = openWire();
    const urls = {
      loginUrl: 'https://login.example/',
      serviceUrl: 'https://connector.example',
      graphUrl: 'https://graph.example',
    };
    const session = msteams.open(connectionWith({ cloud: 'dod', lookUp: true, ...urls }), wire.tools);
    await session.send(aRequest());
    await session.lookUp?.(['jane@example.com'], AbortSignal.timeout(1_000));
    assert.ok(
      wire.urls.length > 2 && wire.urls.every((url) => new URL(url).hostname.endsWith('.example')),
      wire.urls.join(),
    );
  });
});

/** [settings, are they taken] */
const RULES: readonly (readonly [JsonObject, boolean])[] = [
  [{}, true],
  [{ cloud: 'moon' }, false],
  [{ cloud: 'china' }, false],
  [{ cloud: 'china', serviceUrl: 'https://connector.example/' }, true],
  [{ install: true }, false],
  [{ install: false }, true],
  [{ install: true, manifestId: 'x' }, true],
  [{ install: true, teamsAppId: 'x' }, true],
  [{ manifestId: "x' or 1 eq 1" }, false],
];

describe('The settings', () => {
  for (const [settings, isTaken] of RULES) {
    test(`${JSON.stringify(settings)} are ${isTaken ? 'taken' : 'refused'}`, () => {
      const whole = Value.Default(TEAMS_SETTINGS, { ...SETTINGS, ...settings });
      assert.equal(Value.Check(TEAMS_SETTINGS, whole), isTaken);
    });
  }
});

function connectionWith(settings: JsonObject): Connection {
  return {
    id: 'dc-test',
    botId: 'st-test',
    channel: 'msteams',
    name: null,
    settings: { ...SETTINGS, ...settings },
    limits: { perSecond: null, concurrency: null },
    allowPrivateNetwork: false,
  };
}

function aRequest() {
  return {
    key: 'ms-x',
    notificationId: 'ds-x',
    seq: 0,
    botId: 'st-test',
    identity: 'jane@example.com',
    address: { channelId: '29:jane', reference: null },
    message: { type: 'text', text: 'hello' },
    createdAt: 0,
    signal: AbortSignal.timeout(1_000),
    nextCall: async () => {},
  } as const;
}

/** A way out that leads nowhere: these are the hosts of real clouds. A token is granted, everything else fails. */
function openWire() {
  const calls: OutboundCall[] = [];
  const outbound = {
    async request(call: OutboundCall): Promise<OutboundResult> {
      calls.push(call);
      const body = JSON.stringify({ access_token: 'a-token', expires_in: 3600 });
      if (call.url.endsWith('/token')) return { kind: 'response', status: 200, headers: {}, body };
      return { kind: 'not_sent', detail: 'there is no network', timedOut: false };
    },
    async close() {},
  };
  const tools = { outbound, clock: openTestClock(), random: () => 0.5, publicUrl: null };
  return {
    tools,
    calls,
    get urls() {
      return calls.map(({ url }) => url);
    },
  };
}
