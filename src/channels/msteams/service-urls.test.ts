import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceUrls } from './service-urls.ts';

const CONFIGURED = 'https://connector.example:8443/teams';
const AS_CONFIGURED = 'https://connector.example:8443/teams/';
const GCC = 'https://smba.infra.gcc.teams.microsoft.com/teams/';

/** [reference, where the message goes; with private networks allowed] */
const TABLE: readonly (readonly [string | undefined, string, string?])[] = [
  [undefined, AS_CONFIGURED],
  ['', AS_CONFIGURED],
  ['not a url', AS_CONFIGURED],
  ['https://smba.trafficmanager.net/emea/', 'https://smba.trafficmanager.net/emea/'],
  ['https://smba.trafficmanager.net/emea', 'https://smba.trafficmanager.net/emea/'],
  ['https://smba.trafficmanager.net/emea/0000-aaaa//', 'https://smba.trafficmanager.net/emea/0000-aaaa/'],
  ['https://SMBA.trafficmanager.net/amer/?x=1#y', 'https://smba.trafficmanager.net/amer/'],
  [GCC, GCC],
  ['https://smba.infra.gov.teams.microsoft.us/teams', 'https://smba.infra.gov.teams.microsoft.us/teams/'],
  ['https://connector.example:8443/other', 'https://connector.example:8443/other/'],
  ['https://connector.example/teams', AS_CONFIGURED],
  ['http://connector.example:8443/teams', AS_CONFIGURED],
  ['http://smba.trafficmanager.net/emea/', AS_CONFIGURED],
  ['https://smba.trafficmanager.net:444/emea/', AS_CONFIGURED],
  ['https://evil.trafficmanager.net/teams/', AS_CONFIGURED],
  ['https://smba.trafficmanager.net.evil.example/', AS_CONFIGURED],
  ['https://evilteams.microsoft.com/', AS_CONFIGURED],
  ['https://evil.example/?smba.trafficmanager.net', AS_CONFIGURED],
  ['https://smba.trafficmanager.net@evil.example/', AS_CONFIGURED],
  ['https://user:word@smba.trafficmanager.net/', AS_CONFIGURED],
  ['https://evil.blob.core.windows.net/', AS_CONFIGURED],
  ['http://127.0.0.1:4000/teams/', AS_CONFIGURED, 'http://127.0.0.1:4000/teams/'],
  ['http://localhost:4000/teams', AS_CONFIGURED, 'http://localhost:4000/teams/'],
  ['http://[::1]:4000/', AS_CONFIGURED, 'http://[::1]:4000/'],
  ['http://8.8.8.8/', AS_CONFIGURED, AS_CONFIGURED],
  ['http://intranet.example/', AS_CONFIGURED, AS_CONFIGURED],
];

for (const [reference, expected, expectedPrivate = expected] of TABLE) {
  test(`${reference} leads to ${expected}${expected === expectedPrivate ? '' : ` or ${expectedPrivate}`}`, () => {
    const strict = new ServiceUrls(CONFIGURED, false);
    const open = new ServiceUrls(CONFIGURED, true);
    for (let round = 0; round < 2; round++) {
      assert.equal(strict.choose(reference), expected);
      assert.equal(open.choose(reference), expectedPrivate);
    }
  });
}

test('a bot that belongs elsewhere moves to a trusted host or, from Microsoft’s own, to the government cloud', () => {
  const own = new ServiceUrls('https://smba.trafficmanager.net/teams/', false);
  assert.equal(
    own.moveTo('https://smba.infra.gov.teams.microsoft.us/teams'),
    'https://smba.infra.gov.teams.microsoft.us/teams/',
  );
  assert.equal(own.moveTo('https://evil.example/'), GCC);
  assert.equal(own.moveTo(null), GCC);
  const other = new ServiceUrls(CONFIGURED, true);
  assert.equal(other.moveTo('https://evil.example/'), null);
  assert.equal(other.moveTo(null), null);
});
