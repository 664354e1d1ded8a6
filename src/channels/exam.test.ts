import { describe } from 'node:test';
import { startSandbox } from '../sandbox/sandbox.ts';
import { examineChannel } from './exam.ts';
import { hangoutchat } from './hangoutchat/hangoutchat.ts';
import { ivr } from './ivr.ts';
import { msteams } from './msteams/msteams.ts';
import { slack } from './slack/slack.ts';

const start = () => startSandbox({ limits: 'off' });

describe('exam', () => {
  describe('msteams', () => {
    examineChannel({
      channel: msteams,
      start,
      settings: ({ urls, credentials }) => ({ ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login }),
      provider: 'teams',
      route: 'send',
      address: { channelId: '29:jane', reference: null },
      nativePayload: { type: 'message', text: 'hello' },
      anyBodyWillDo: false,
      statuses: { 500: 'unknown', 502: 'unknown', 503: 'failed', 504: 'unknown' },
    });
  });
  describe('slack', () => {
    examineChannel({
      channel: slack,
      start,
      settings: ({ urls, credentials }) => ({ ...credentials.slack, apiUrl: urls.slack }),
      provider: 'slack',
      route: 'chat.postMessage',
      address: { channelId: 'U0JANE', reference: null },
      nativePayload: { text: 'hello', blocks: [] },
      anyBodyWillDo: false,
      statuses: { 500: 'unknown', 502: 'unknown', 503: 'failed', 504: 'unknown' },
    });
  });
  describe('hangoutchat', () => {
    examineChannel({
      channel: hangoutchat,
      start,
      settings: ({ urls, credentials }) => ({
        ...credentials.googleChat,
        tokenUrl: urls.googleToken,
        apiUrl: urls.googleChat,
      }),
      provider: 'googlechat',
      route: 'send',
      address: { channelId: 'spaces/AAAA', reference: null },
      nativePayload: { cardsV2: [{ cardId: 'c1', card: { header: { title: 'News' } } }] },
      anyBodyWillDo: false,
      statuses: { 499: 'failed', 500: 'failed', 502: 'unknown', 503: 'failed', 504: 'failed' },
    });
  });
  describe('ivr', () => {
    examineChannel({
      channel: ivr,
      start,
      settings: ({ urls, credentials: { hook } }) => ({ url: `${urls.hooks}/${hook.name}`, secret: hook.secret }),
      provider: 'hooks',
      route: 'deliver',
      address: { channelId: 'jane@example.com', reference: null },
      nativePayload: { any: ['thing'] },
      anyBodyWillDo: true,
      statuses: { 500: 'failed', 502: 'failed', 503: 'failed', 504: 'failed' },
    });
  });
});
