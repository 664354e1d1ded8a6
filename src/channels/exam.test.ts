import { describe } from 'node:test';
import { subscriptionAt } from '../sandbox/push-subscriptions.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { examineChannel } from './exam.ts';
import { hangoutchat } from './hangoutchat/hangoutchat.ts';
import { ivr } from './ivr.ts';
import { msteams } from './msteams/msteams.ts';
import { slack } from './slack/slack.ts';
import { sms } from './sms/sms.ts';
import { webpush } from './webpush/webpush.ts';
import { whatsapp } from './whatsapp/whatsapp.ts';

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
  describe('sms over Twilio', () => {
    examineChannel({
      channel: sms,
      start,
      settings: ({ urls, credentials }) => ({ provider: 'twilio', ...credentials.twilio, apiUrl: urls.twilio }),
      provider: 'twilio',
      route: 'send',
      address: { channelId: '+4915112345678', reference: null },
      nativePayload: { body: 'hello', mediaUrl: ['https://example.com/a.png'], validityPeriod: 600 },
      anyBodyWillDo: false,
      statuses: { 500: 'unknown', 502: 'unknown', 503: 'failed', 504: 'unknown' },
    });
  });
  describe('sms over a gateway', () => {
    examineChannel({
      channel: sms,
      start,
      settings: ({ urls }) => ({
        provider: 'generic',
        url: `${urls.hooks}/sms`,
        token: 'gateway-token',
        headers: { authorization: 'Bearer {token}' },
        body: { to: '{to}', text: '{text}', reference: '{key}' },
        idPath: 'received',
      }),
      provider: 'hooks',
      route: 'deliver',
      address: { channelId: '+4915112345678', reference: null },
      nativePayload: { body: 'hello' },
      anyBodyWillDo: true,
      statuses: { 500: 'unknown', 502: 'unknown', 503: 'failed', 504: 'unknown' },
    });
  });
  describe('whatsapp', () => {
    examineChannel({
      channel: whatsapp,
      start,
      settings: ({ urls, credentials }) => ({ ...credentials.whatsapp, apiUrl: urls.whatsapp }),
      provider: 'whatsapp',
      route: 'send',
      address: { channelId: '4915112345678', reference: null },
      nativePayload: { type: 'image', image: { link: 'https://example.com/a.jpg' } },
      anyBodyWillDo: false,
      statuses: { 500: 'unknown', 502: 'unknown', 503: 'failed', 504: 'unknown' },
    });
  });
  describe('webpush', () => {
    examineChannel({
      channel: webpush,
      start,
      settings: ({ urls, credentials }) => ({ ...credentials.webpush, allowedHosts: [urls.base] }),
      provider: 'webpush',
      route: 'send',
      address: ({ urls }) => {
        const { endpoint, keys } = subscriptionAt(urls.webpush, 'jane');
        return { channelId: endpoint, reference: keys };
      },
      nativePayload: { title: 'News', webpush: { topic: 'news' } },
      anyBodyWillDo: true,
      statuses: { 500: 'failed', 502: 'failed', 503: 'failed', 504: 'unknown' },
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
