import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CHANNELS } from '../src/channels/channels.ts';
import { type DeskOptions, openDesk } from '../src/channels/test-desk.ts';
import type { Outcome } from '../src/model/outcome.ts';
import { REASONS, type Reason } from '../src/model/reasons.ts';
import * as googleErrors from '../src/sandbox/google-chat-errors.ts';
import type { Answer, ProviderName } from '../src/sandbox/provider.ts';
import { subscriptionAt } from '../src/sandbox/push-subscriptions.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import * as teamsErrors from '../src/sandbox/teams-errors.ts';
import * as twilioErrors from '../src/sandbox/twilio-errors.ts';
import * as whatsappErrors from '../src/sandbox/whatsapp-errors.ts';
import { reasonsPage } from './support/reasons-page.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('the catalogue of reasons', () => {
  test('is what docs/reasons.md shows', () => {
    assert.equal(read('docs/reasons.md'), reasonsPage(), 'node test/support/reasons-page.ts > docs/reasons.md');
  });

  test('holds nothing that nobody gives', () => {
    const paths = globSync('src/{channels,engine,store}/**/*.ts', { cwd: root });
    const sources = paths.filter((path) => !/\.test\.ts$|\/exam/.test(path)).map(read);
    for (const code of Object.keys(REASONS)) {
      assert.ok(
        sources.some((source) => source.includes(`'${code}'`)),
        code,
      );
    }
  });

  test('says of each what happened and what to do, in one sentence', () => {
    for (const [code, { meaning, hint }] of Object.entries(REASONS)) {
      assert.match(code, /^[a-z]+(_[a-z]+)*$/);
      assert.ok(meaning.length <= 80, code);
      assert.match(hint, /^[A-Z].{20,130}\.$/, code);
    }
  });
});

/** What a provider's documentation calls an error, by the name the simulator has for it, and our reason for it. */
type Expected = Readonly<Record<string, Reason | 'accepted'>>;

interface Documented extends Pick<DeskOptions, 'channel' | 'settings' | 'address'> {
  readonly provider: ProviderName;
  readonly route: string;
  /** The simulator's answers by their names; functions make one. */
  readonly answers: Readonly<Record<string, unknown>>;
  readonly expected: Expected;
}

const channelOf = (id: string) => {
  const channel = CHANNELS.find((entry) => entry.id === id);
  assert.ok(channel, id);
  return channel;
};
const at = (channelId: string) => ({ channelId, reference: null });

function documentedErrors({ urls, credentials }: Sandbox): readonly Documented[] {
  const subscription = subscriptionAt(urls.webpush, 'jane');
  return [
    {
      channel: channelOf('msteams'),
      provider: 'teams',
      route: 'send',
      settings: { ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login },
      address: at('29:jane'),
      answers: teamsErrors,
      expected: {
        activityNotFound: 'unreachable_recipient',
        badArgument: 'message_invalid',
        badSyntax: 'message_invalid',
        blocked: 'blocked_by_recipient',
        concurrentSend: 'provider_error',
        conversationNotFound: 'address_gone',
        denied: 'connection_refused',
        disabledByAdmin: 'unreachable_recipient',
        foreignConversation: 'address_gone',
        memberNotFound: 'unreachable_recipient',
        notInRoster: 'app_not_installed',
        notInstalledForCreate: 'app_not_installed',
        notRegistered: 'connection_refused',
        throttled: 'rate_limited',
        tooBig: 'message_too_large',
        unknownRoute: 'unreachable_recipient',
      },
    },
    {
      channel: channelOf('slack'),
      provider: 'slack',
      route: 'chat.postMessage',
      settings: { ...credentials.slack, apiUrl: urls.slack },
      address: at('U0JANE'),
      answers: slackAnswers(),
      expected: {
        account_inactive: 'connection_refused',
        channel_not_found: 'address_gone',
        // Of a recall; no send is told it.
        message_not_found: 'provider_error',
        invalid_arguments: 'message_invalid',
        invalid_auth: 'connection_refused',
        invalid_blocks: 'message_invalid',
        invalid_blocks_format: 'message_invalid',
        invalid_user_combination: 'unreachable_recipient',
        markdown_text_conflict: 'message_invalid',
        messages_tab_disabled: 'unreachable_recipient',
        msg_blocks_too_long: 'message_too_large',
        msg_too_long: 'message_too_large',
        no_text: 'message_invalid',
        not_authed: 'connection_refused',
        ratelimited: 'rate_limited',
        too_many_attachments: 'message_too_large',
        unknown_method: 'connection_refused',
        user_disabled: 'unreachable_recipient',
        user_not_found: 'address_gone',
        users_list_not_supplied: 'message_invalid',
        users_not_found: 'address_gone',
      },
    },
    {
      channel: channelOf('hangoutchat'),
      provider: 'googlechat',
      route: 'send',
      settings: { ...credentials.googleChat, tokenUrl: urls.googleToken, apiUrl: urls.googleChat },
      address: at('spaces/AAAA'),
      answers: googleErrors,
      expected: {
        apiDisabled: 'connection_refused',
        invalidArgument: 'message_invalid',
        // The message was taken before: that is what its id is for.
        messageIdTaken: 'accepted',
        noDirectMessage: 'address_gone',
        // Of a recall; no send is told it.
        messageNotFound: 'address_gone',
        notAMember: 'app_not_installed',
        quotaExceeded: 'rate_limited',
        requestIdTaken: 'accepted',
        scopeInsufficient: 'connection_refused',
        spaceBusy: 'rate_limited',
        spaceNotFound: 'address_gone',
        unauthenticated: 'connection_refused',
        unknownMethod: 'address_gone',
      },
    },
    {
      channel: channelOf('sms'),
      provider: 'twilio',
      route: 'send',
      settings: { provider: 'twilio', ...credentials.twilio, apiUrl: urls.twilio },
      address: at('+4915112345678'),
      answers: { ...twilioErrors, ...phoneAnswers() },
      expected: {
        bodyMissing: 'message_invalid',
        bodyTooLong: 'message_too_large',
        callbackInvalid: 'connection_refused',
        contentInvalid: 'message_invalid',
        country_blocked: 'unreachable_recipient',
        landline: 'unreachable_recipient',
        no_route: 'unreachable_recipient',
        notFound: 'connection_refused',
        recipientInvalid: 'unreachable_recipient',
        recipientMissing: 'unreachable_recipient',
        senderForeign: 'connection_refused',
        senderMissing: 'connection_refused',
        serviceInvalid: 'connection_refused',
        stopped: 'opted_out',
        tooManyRequests: 'rate_limited',
        unauthenticated: 'connection_refused',
        unknown: 'unreachable_recipient',
        variablesInvalid: 'message_invalid',
      },
    },
    {
      channel: channelOf('whatsapp'),
      provider: 'whatsapp',
      route: 'send',
      settings: { ...credentials.whatsapp, apiUrl: urls.whatsapp },
      address: at('4915112345678'),
      answers: whatsappErrors,
      expected: {
        badParameter: 'message_invalid',
        countryBlocked: 'unreachable_recipient',
        marketingCapped: 'unreachable_recipient',
        optedOut: 'opted_out',
        outsideWindow: 'unreachable_recipient',
        pairLimitReached: 'rate_limited',
        parameterCountWrong: 'message_invalid',
        parameterFormatWrong: 'message_invalid',
        parameterMissing: 'message_invalid',
        templateDisabled: 'message_invalid',
        templateMissing: 'message_invalid',
        templatePaused: 'message_invalid',
        throughputReached: 'rate_limited',
        tokenInvalid: 'connection_refused',
        tokenMissing: 'connection_refused',
        typeUnsupported: 'message_invalid',
        undeliverable: 'unreachable_recipient',
        unsupported: 'connection_refused',
        valueInvalid: 'message_invalid',
      },
    },
    {
      channel: channelOf('webpush'),
      provider: 'webpush',
      route: 'send',
      settings: { ...credentials.webpush, allowedHosts: [urls.base] },
      address: { channelId: subscription.endpoint, reference: subscription.keys },
      answers: statuses(400, 403, 404, 410, 413, 429, 500),
      expected: {
        // Says no more than that something is wrong, so nobody else is failed for it.
        400: 'provider_error',
        403: 'connection_refused',
        404: 'address_gone',
        410: 'address_gone',
        413: 'message_too_large',
        429: 'rate_limited',
        500: 'provider_error',
      },
    },
    {
      channel: channelOf('ivr'),
      provider: 'hooks',
      route: 'deliver',
      settings: { url: `${urls.hooks}/${credentials.hook.name}`, secret: credentials.hook.secret },
      address: at('jane@example.com'),
      answers: statuses(401, 404, 405, 410, 429, 500),
      expected: {
        401: 'provider_error',
        404: 'provider_error',
        405: 'provider_error',
        410: 'connection_refused',
        429: 'rate_limited',
        500: 'provider_error',
      },
    },
  ];
}

/** Whatever Slack's simulator says no with is an error of the API; 429 apart. */
function slackAnswers(): Record<string, Answer> {
  const sources = globSync('src/sandbox/slack*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'));
  const text = sources.map(read).join('\n');
  const said = [...text.matchAll(/(?:\bno|\bfault)\('(\w+)'/g)].map(([, error = '']) => error);
  const states = /POST_REFUSALS[^=]*= \{([^}]*)\}/.exec(text)?.[1] ?? '';
  const errors = [...said, ...[...states.matchAll(/'(\w+)'/g)].map(([, error = '']) => error), 'ratelimited'];
  const bodyOf = (error: string) => JSON.stringify({ ok: false, error });
  return Object.fromEntries(errors.map((error) => [error, { status: 200, headers: {}, body: bodyOf(error) }]));
}

/** Of the look-up, which no send asks for. */
const NOT_OF_A_SEND = new Set(['invalid_cursor']);

function phoneAnswers(): Record<string, Answer | null> {
  const states = ['stopped', 'landline', 'no_route', 'country_blocked', 'unknown'] as const;
  return Object.fromEntries(states.map((state) => [state, twilioErrors.refusePhone('+4915112345678', state)]));
}

const statuses = (...codes: readonly number[]) =>
  Object.fromEntries(codes.map((status) => [status, { status, headers: {}, body: '' }]));

/** Makers of answers to any status or state; what they make is told apart above. */
const MAKERS = /Refusal$|^refusePhone$/;

describe('errors that providers document', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox({ limits: 'off' });
  });
  after(() => sandbox.close());

  for (const id of CHANNELS.map((channel) => channel.id).filter((id) => id !== 'email')) {
    test(`of ${id} all have their reason`, async () => {
      const documented = documentedErrors(sandbox).find((entry) => entry.channel.id === id);
      assert.ok(documented, `${id} is not in the table`);
      assert.deepEqual(await reasonsOf(sandbox, documented), { ...documented.expected });
    });
  }

  test('of email all have their reason', async () => {
    const { host, port } = sandbox.urls.smtp;
    const settings = { host, port, security: 'none', from: 'Beckon <beckon@example.com>', ...sandbox.credentials.smtp };
    const desk = openDesk({ channel: channelOf('email'), settings, address: at('jane@example.com') });
    const found: Record<string, string> = {};
    for (const name of Object.keys(MAIL)) {
      found[name] = nameOf(await desk.send({ address: at(`${name}@example.com`) }));
    }
    await desk.close();
    assert.deepEqual(found, { ...MAIL });
  });
});

/** By the simulator's mailboxes, whose name is the reply. */
const MAIL: Expected = {
  jane: 'accepted',
  '421-4.7.0': 'rate_limited',
  greylist: 'provider_error',
  '450-4.2.1': 'rate_limited',
  '452-4.2.2': 'provider_error',
  '550-5.1.1': 'address_gone',
  '550-5.2.1': 'address_gone',
  '552-5.2.2': 'unreachable_recipient',
  '550-5.7.1': 'unreachable_recipient',
  '554-5.4.1': 'unreachable_recipient',
  'data-552-5.3.4': 'message_too_large',
  'data-554-5.6.0': 'message_invalid',
  'data-554-5.7.1': 'unreachable_recipient',
  'data-451-4.3.0': 'provider_error',
};

async function reasonsOf(sandbox: Sandbox, { provider, route, answers, ...options }: Documented) {
  const found: Record<string, string> = {};
  for (const [name, made] of Object.entries(answers)) {
    if (MAKERS.test(name) || NOT_OF_A_SEND.has(name)) continue;
    const { status, body, headers }: Answer = typeof made === 'function' ? made('x', 'x') : made;
    sandbox.faults.set([{ provider, route, fault: { kind: 'status', status, body, headers } }]);
    // One for each: a connection that was refused for good is not asked again.
    const desk = openDesk(options);
    found[name] = nameOf(await desk.send());
    await desk.close();
  }
  sandbox.faults.clear();
  return found;
}

function nameOf(outcome: Outcome): string {
  if (outcome.kind === 'accepted') return 'accepted';
  return outcome.kind === 'busy' ? 'rate_limited' : outcome.reason;
}
