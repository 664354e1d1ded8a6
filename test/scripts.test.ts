import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type BeckonProcess, untilFinished } from './support/beckon.ts';
import { emailOf, openRehearsal, type Rehearsal, teamsIdOf } from './support/rehearsal.ts';

/** The documentation's own sample of a script. */
const SAMPLE =
  "var envMsg = 'John'; var channel = context.session.BotUserSession.lastMessage.channel; print(JSON.stringify({text: 'Hi ' + envMsg + ' message is from ' + channel + ' channel'}));";

/** What the how-to on interactive elements sends as a script: a payload, and nothing that prints it. */
const CARD = {
  type: 'message',
  attachments: [
    { contentType: 'application/vnd.microsoft.card.hero', content: { title: 'Password', text: 'Reset it by Friday.' } },
  ],
};

const GREETING = 'var u = context.session.UserContext; print("Hi " + u.firstName + " " + u.lastName);';

describe('script messages, from the HTTP API to Teams', () => {
  let rehearsal: Rehearsal;
  let server: BeckonProcess;
  before(async () => {
    rehearsal = await openRehearsal({ limits: 'off' });
    server = await rehearsal.start(['--database', 'sqlite::memory:']);
    await rehearsal.importPeople(server.url, 150);
  });
  beforeEach(() => rehearsal.sandbox.faults.clear());
  after(() => rehearsal.close());

  async function send(val: string, people: readonly number[]) {
    const { botId } = rehearsal;
    const identities = people.map(emailOf);
    const message = { type: 'script', val } as const;
    const body = { channel: 'msteams', userIdentityType: 'resolve', message, identities } as const;
    return (await client().notify({ botId, body }))._id;
  }

  const client = () => rehearsal.client(server.url);
  const finished = (requestId: string) =>
    untilFinished(server, () => client().status({ botId: rehearsal.botId, requestId }));

  const bodiesTo = (person: number) =>
    rehearsal.sandbox.ledger
      .entries({ provider: 'teams', recipient: teamsIdOf(person) })
      .map(({ body }) => JSON.parse(body ?? 'null'));

  async function rename(person: number, name: string, more: object = {}) {
    const people = new Blob([JSON.stringify({ email: emailOf(person), name, ...more })]).stream();
    await client().importPeople({ botId: rehearsal.botId, people, mediaType: 'application/x-ndjson' });
  }

  it("runs the documentation's sample, and what it prints as JSON is the activity", async () => {
    const status = await finished(await send(SAMPLE, [0]));
    assert.equal(status.status, 'SUCCESS');
    assert.equal(bodiesTo(0).at(-1).text, 'Hi John message is from msteams channel');
  });

  it('takes a payload in the place of JavaScript', async () => {
    const status = await finished(await send(JSON.stringify(CARD), [1]));
    assert.equal(status.status, 'SUCCESS');
    assert.deepEqual(bodiesTo(1).at(-1).attachments, CARD.attachments);
  });

  it('runs JavaScript that prints the same payload', async () => {
    const status = await finished(await send(`print(JSON.stringify(${JSON.stringify(CARD)}))`, [2]));
    assert.equal(status.status, 'SUCCESS');
    assert.deepEqual(bodiesTo(2).at(-1).attachments, CARD.attachments);
  });

  it('says what the directory knows, to each their own', async () => {
    await rename(3, 'Ann Lee');
    await rename(4, 'Bo', { attributes: { lastName: 'van der Berg' } });
    await finished(await send(GREETING, [3, 4]));
    assert.equal(bodiesTo(3).at(-1).text, 'Hi Ann Lee');
    assert.equal(bodiesTo(4).at(-1).text, 'Hi Bo van der Berg');
  });

  it('names the line and the reason in the FAILURE of everybody a script fails for, and sends the others theirs', async () => {
    await rename(5, 'Cy Young');
    const source =
      '// greets\nvar u = context.session.UserContext;\nif (!u.firstName) u.nickName.trim();\nprint("Hi " + u.firstName)';
    const status = await finished(await send(source, [5, 6]));
    assert.deepEqual(
      status.statusLogs.map(({ status, comments }) => [status, comments]),
      [
        ['SUCCESS', 'Notification has been sent successfully'],
        [
          'FAILURE',
          "The message could not be rendered for the recipient: line 3: TypeError: cannot read property 'trim' of undefined [render_failed] Correct the script or the parameters: the detail names the line.",
        ],
      ],
    );
    assert.equal(bodiesTo(5).at(-1).text, 'Hi Cy');
  });

  it('fails everybody of a script that does not compile', async () => {
    const status = await finished(
      await send(
        'print("a");\nprint(;',
        Array.from({ length: 120 }, (_, index) => index),
      ),
    );
    assert.deepEqual([status.status, status.count], ['FAILURE', 120]);
    assert.equal(
      new Set(status.statusLogs.map(({ comments }) => comments)).values().next().value,
      "The message could not be rendered for the recipient: line 2: SyntaxError: unexpected token in expression: ';' [render_failed] Correct the script or the parameters: the detail names the line.",
    );
  });

  it('is rendered once: another attempt sends the same, though the directory has changed', async () => {
    await rename(7, 'Before Change');
    const fault = { kind: 'status', status: 503, processed: true, retryAfterSeconds: 1 } as const;
    rehearsal.sandbox.faults.add({ provider: 'teams', route: 'send', times: 1, fault });
    const requestId = await send(`${GREETING} print(" " + Math.random() + new Date().toISOString())`, [7]);
    await rehearsal.sandbox.until(() => bodiesTo(7).length === 1);
    await rename(7, 'After Change');
    assert.equal((await finished(requestId)).status, 'SUCCESS');
    const [first, second, ...others] = bodiesTo(7);
    assert.match(first.text, /^Hi Before Change 0\.\d+20/);
    assert.deepEqual([second, others], [first, []]);
    await finished(await send(GREETING, [7]));
    assert.equal(bodiesTo(7).at(-1).text, 'Hi After Change');
  });

  it('gives a v2 recipient their parameters, their own message instead, and tokens in what was printed', async () => {
    const { botId } = rehearsal;
    const message = { type: 'script', value: 'print("Order " + context.parameters.order + " for {name}")' } as const;
    const identities = [
      { email: emailOf(8), parameters: { order: 'X-1', name: 'Di' } },
      { email: emailOf(9), parameters: { order: 'X-2', name: 'Ed' }, customMessage: 'Just you, {name}' },
    ];
    const body = { channel: 'msteams', message, identities };
    const requestId = (await client().notifyV2({ botId, body }))._id;
    await untilFinished(server, () => client().statusV2({ botId, requestId }));
    assert.equal(bodiesTo(8).at(-1).text, 'Order X-1 for Di');
    assert.equal(bodiesTo(9).at(-1).text, 'Just you, Ed');
  });

  it('tells a hanging script of its end, while others are served', async () => {
    const hanging = await send('print("x"); Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)', [10, 11, 12]);
    const calm = await send('print("calm")', [13]);
    const status = await finished(hanging);
    assert.equal(status.status, 'FAILURE');
    for (const { comments } of status.statusLogs)
      assert.match(comments, /could not be rendered.*(was stopped|switched off)/);
    assert.equal((await finished(calm)).status, 'SUCCESS');
  });

  it('fails at once what the provider refuses for everybody, as it does with any common message', async () => {
    const fault = {
      kind: 'status',
      status: 400,
      body: { error: { code: 'BadSyntax', message: 'Malformed' } },
    } as const;
    rehearsal.sandbox.faults.add({ provider: 'teams', route: 'send', fault });
    const status = await finished(
      await send(
        'print("the same for everybody")',
        Array.from({ length: 150 }, (_, index) => index),
      ),
    );
    assert.deepEqual([status.status, status.count], ['FAILURE', 150]);
    // Only those already in flight when the first answer came: everybody else's message is known to be refused.
    const [{ hits } = { hits: 0 }] = rehearsal.sandbox.faults.list();
    assert.ok(hits >= 1 && hits <= 32, `${hits} calls`);
  });
});
